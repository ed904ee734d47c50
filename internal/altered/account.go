package altered

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/results"
)

// Sheet is what an account of alterations is made from.
type Sheet struct {
	// CutOuts are the chunks of the sample that came out, in the order in which they did.
	CutOuts []intake.CutOut
	// Tree returns the trace of which the chunk in a slot of a request is, with the ids and
	// times that were sent.
	Tree func(seq uint64, slot int) (*generator.Tree, error)
	// Chunks appends the chunks of a request.
	Chunks func(dst []ledger.Chunk, seq uint64) []ledger.Chunk
	Layout identity.Layout
	Shapes int      // of which ledger.Chunk.Shape counts
	Faults []string // names
	// SpansMost bounds the spans that are grown again to compare with, at some 10 µs each: of a
	// trace that was sent in parts all, for each part. Chunks past it are not compared.
	SpansMost int
}

// Account is what a target rewrote, as a whole and in parts.
type Account struct {
	results.Altered
	ByShape []results.PartAltered
	ByFault []results.PartAltered
}

// alteration is a change of a field.
type alteration struct{ field, change string }

// tally is an account in the making.
type tally struct {
	out    Account
	fields map[alteration]*results.AlteredField
	faulty []faulty
	diffs  []difference // scratch
}

// faulty is an altered trace with a fault.
type faulty struct {
	fault       int32
	alterations map[alteration]bool
}

// Close compares the sample with what was sent. Chunks that came, and cannot be read or
// grown again, are left out; the error then says how many, and why the first. The account
// is good beside it.
func (s *Sheet) Close() (*Account, error) {
	t := &tally{fields: map[alteration]*results.AlteredField{}}
	t.out.ByShape, t.out.ByFault = make([]results.PartAltered, s.Shapes), make([]results.PartAltered, len(s.Faults))
	t.out.Fields = []results.AlteredField{}
	if len(s.Faults) > 0 {
		t.out.NoFault = new(results.PartAltered)
	}
	pieces := map[uint64][]intake.CutOut{}
	for _, c := range s.CutOuts {
		pieces[c.Ordinal] = append(pieces[c.Ordinal], c)
	}
	grown, failed := 0, 0
	var first error
	for _, ordinal := range mixed(pieces) {
		if grown >= s.SpansMost {
			break
		}
		n, err := s.compare(t, ordinal, pieces[ordinal])
		grown += n
		if err != nil {
			failed, first = failed+1, cmp.Or(first, err)
		}
	}
	if failed > 0 {
		first = fmt.Errorf("of the chunks that were to be compared with what was sent, %d could not be: %w", failed, first)
	}
	return t.account(), first
}

// mixed are the ordinals in an order that is the same each time and has nothing to do
// with when they were sent.
func mixed(pieces map[uint64][]intake.CutOut) []uint64 {
	key := func(ordinal uint64) uint64 { return ordinal * 0x9e3779b97f4a7c15 } // 2^64/φ: a permutation
	return slices.SortedFunc(maps.Keys(pieces), func(a, b uint64) int { return cmp.Compare(key(a), key(b)) })
}

var errNotSent = errors.New("the run sent no such chunk")

// compare books one chunk, which may have come in pieces, and says how many spans
// were grown for it.
func (s *Sheet) compare(t *tally, ordinal uint64, pieces []intake.CutOut) (grown int, err error) {
	seq, slot := s.Layout.Seq(ordinal)
	chunks := s.Chunks(nil, seq)
	at := slices.IndexFunc(chunks, func(c ledger.Chunk) bool { return c.Ordinal == ordinal })
	if at < 0 {
		return 0, fmt.Errorf("chunk %d: %w", ordinal, errNotSent)
	}
	var came []span
	for _, p := range pieces {
		spans, err := read(p)
		if err != nil {
			return 0, err
		}
		came = append(came, spans...)
	}
	tree, err := s.Tree(seq, slot)
	if err != nil {
		return 0, err
	}
	t.book(s, &chunks[at], seq, sentOf(tree, ordinal), came, pieces[0].Form == intake.FormOTLP)
	return len(tree.Spans), nil
}

// sentOf are the spans of one chunk of a trace.
func sentOf(tree *generator.Tree, ordinal uint64) (sent []span) {
	if len(tree.Parts) == 0 {
		for i := range tree.Spans {
			sent = append(sent, asSent(&tree.Spans[i]))
		}
		return sent
	}
	for _, part := range tree.Parts {
		if part.Ordinal == ordinal {
			for _, i := range part.Spans {
				sent = append(sent, asSent(&tree.Spans[i]))
			}
		}
	}
	return sent
}

// book compares the spans of a chunk that came with those that were sent. Those
// that did not come are no matter of this account.
func (t *tally) book(s *Sheet, c *ledger.Chunk, seq uint64, sent, came []span, otlp bool) {
	if c.Fault >= 0 && unseen(s.Faults[c.Fault], otlp) {
		return
	}
	compared, altered := uint64(0), uint64(0)
	alterations := map[alteration]bool{}
	for i, at := range pair(sent, came, otlp) {
		if at < 0 {
			continue
		}
		compared++
		t.diffs = compare(t.diffs[:0], &sent[i], &came[at], otlp)
		rewritten := false
		for _, d := range t.diffs {
			t.field(s, c, seq, &sent[i], d)
			if d.change != results.FieldAdded {
				rewritten = true
				alterations[alteration{d.field, d.change}] = true
			}
		}
		if rewritten {
			altered++
		}
	}
	if compared == 0 {
		return
	}
	one := results.PartAltered{Compared: 1, Altered: min(1, altered)}
	t.out.Compared = t.out.Compared.Plus(results.Count{Traces: 1, Spans: compared})
	t.out.Altered.Altered = t.out.Altered.Altered.Plus(results.Count{Traces: one.Altered, Spans: altered})
	add(&t.out.ByShape[c.Shape], one)
	switch {
	case c.Fault >= 0:
		add(&t.out.ByFault[c.Fault], one)
		if altered > 0 {
			t.faulty = append(t.faulty, faulty{c.Fault, alterations})
		}
	case t.out.NoFault != nil:
		add(t.out.NoFault, one)
	}
}

func add(to *results.PartAltered, one results.PartAltered) { *to = *to.Plus(&one) }

// field books what differs in one field of one span.
func (t *tally) field(s *Sheet, c *ledger.Chunk, seq uint64, sent *span, d difference) {
	f := t.fields[alteration{d.field, d.change}]
	if f == nil {
		f = &results.AlteredField{Field: d.field, Change: d.change, Example: results.AlteredExample{
			Ordinal: c.Ordinal, Seq: seq, SpanID: strconv.FormatUint(sent.spanID, 10), Sent: d.sent, Came: d.came,
		}}
		t.fields[alteration{d.field, d.change}] = f
	}
	f.Spans++
	if c.Fault < 0 {
		f.NoFault++
		return
	}
	if f.Faults == nil {
		f.Faults = map[string]uint64{}
	}
	f.Faults[s.Faults[c.Fault]]++
}

// soundLeast is how many traces without a fault it takes to know what happens to them.
const soundLeast = 20

// account closes the tally.
func (t *tally) account() *Account {
	for _, trace := range t.faulty {
		if t.out.NoFault.Compared < soundLeast {
			break
		}
		for a := range trace.alterations {
			if t.fields[a].NoFault == 0 {
				t.out.ByFault[trace.fault].Own++
				break
			}
		}
	}
	for _, f := range t.fields {
		t.out.Fields = append(t.out.Fields, *f)
	}
	t.out.SortFields()
	return &t.out
}
