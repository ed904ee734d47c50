package run

import (
	"context"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/altered"
	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/results"
)

// comparedSpans bounds the spans that are grown again to compare with: about a second.
const comparedSpans = 100_000

// want tells the intake which chunks are to be compared with what was sent: a
// sample, chosen before the load. Bodies with a fault are left out: what is in them is
// not what was to be sent.
func (r *run) want(ctx context.Context) error {
	if !r.accountable() {
		return nil
	}
	kinds := r.corpus.FaultKinds()
	p := altered.Population{
		Chunks: r.corpus.Chunks, Shapes: len(r.corpus.ShapeNames()), Faults: len(kinds),
		Skip: func(i int32) bool { return kinds[i].Level == fault.Body },
	}
	for _, l := range r.plan {
		if l.traces() {
			p.Ranges = append(p.Ranges, altered.Range{First: l.firstSeq, Count: l.reserved, Closed: l.schedule == nil})
		}
	}
	return r.intake.Want(ctx, altered.Choose(p))
}

// cutOuts asks the intake for the chunks of the sample that came out.
func (r *run) cutOuts(ctx context.Context) []intake.CutOut {
	if !r.accountable() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 6*controlTimeout)
	defer cancel()
	list, err := r.intake.CutOuts(ctx)
	if err != nil {
		r.warn("what the target rewrote is not known: " + err.Error())
	}
	return list
}

// altered compares the sample with what was sent, and books it beside the account.
func (r *run) altered(account *results.Ledger) {
	if !r.accountable() || r.closed.cutOuts == nil {
		return
	}
	most := comparedSpans
	if r.rec.Interrupted {
		most /= 10
	}
	sheet := altered.Sheet{
		SpansMost: most,
		CutOuts:   r.closed.cutOuts, Tree: r.tree, Chunks: r.corpus.Chunks, Layout: r.corpus.Layout(),
		Shapes: len(r.corpus.ShapeNames()), Faults: r.corpus.FaultNames(),
	}
	out, err := sheet.Close()
	if err != nil {
		r.rec.Warnings = append(r.rec.Warnings, err.Error())
	}
	account.Altered = &out.Altered
	for i := range account.ByShape {
		account.ByShape[i].Altered = &out.ByShape[i]
	}
	for i := range account.ByFault {
		account.ByFault[i].Altered = &out.ByFault[i]
	}
}

// tree is the trace of which the chunk in a slot of request seq is, as it was sent.
func (r *run) tree(seq uint64, slot int) (*generator.Tree, error) {
	of := r.corpus.Tree
	if r.sampling != nil {
		of = r.sampling.Tree
	}
	tree, err := of(seq, slot)
	if err == nil {
		tree.Stamp(r.codec, r.dueAt(tree.Seq).UnixNano())
	}
	return tree, err
}
