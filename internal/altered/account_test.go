package altered

import (
	"slices"
	"strings"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"google.golang.org/protobuf/proto"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// rig is a scenario whose traces are forwarded by a function.
type rig struct {
	*testing.T
	corpus *generator.Corpus
	codec  *identity.Codec
	sheet  Sheet
	chosen []uint64
}

const sentAt = 1_700_000_000_000_000_000

func newRig(t *testing.T, scenario string, requests uint64, sets ...string) *rig {
	t.Helper()
	s, err := scenarios.Load(scenario, append([]string{"corpus={spans: 8192}"}, sets...))
	if err != nil {
		t.Fatal(err)
	}
	corpus, err := generator.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, corpus: corpus, codec: identity.New(identity.Key{7}, corpus.Layout())}
	r.sheet = Sheet{
		Tree: r.tree, Chunks: corpus.Chunks, Layout: corpus.Layout(), Shapes: len(corpus.ShapeNames()), Faults: corpus.FaultNames(), SpansMost: 1 << 30,
	}
	r.chosen = Choose(Population{
		Ranges: []Range{{Count: requests}}, Chunks: corpus.Chunks, Shapes: len(corpus.ShapeNames()), Faults: len(corpus.FaultNames()), Skip: func(int32) bool { return false },
	})
	if len(r.chosen) < 5 {
		t.Fatalf("%d chunks were chosen", len(r.chosen))
	}
	return r
}

func (r *rig) tree(seq uint64, slot int) (*generator.Tree, error) {
	tree, err := r.corpus.Tree(seq, slot)
	if err == nil {
		tree.Stamp(r.codec, sentAt)
	}
	return tree, err
}

func (r *rig) chunk(ordinal uint64) ledger.Chunk {
	seq, _ := r.corpus.Layout().Seq(ordinal)
	chunks := r.corpus.Chunks(nil, seq)
	return chunks[slices.IndexFunc(chunks, func(c ledger.Chunk) bool { return c.Ordinal == ordinal })]
}

// forward hands a chunk on as an agent does that rewrites it.
func (r *rig) forward(ordinal uint64, rewrite func(spans []*pb.Span)) {
	seq, slot := r.corpus.Layout().Seq(ordinal)
	tree, err := r.tree(seq, slot)
	if err != nil {
		r.Fatal(err)
	}
	var spans []*pb.Span
	for _, s := range tree.Spans {
		if len(tree.Parts) > 0 && tree.Parts[s.Part].Ordinal != ordinal {
			continue
		}
		out := fielded(&s)
		out.Service, out.Name, out.Resource, out.Type, out.TraceID, out.SpanID, out.ParentID = s.Service, s.Name, s.Resource, s.Type, s.TraceID, s.SpanID, s.ParentID
		out.Start, out.Duration, out.Error, out.Meta, out.Metrics = s.StartUnixNS, int64(s.Duration), int32(truth(s.Error)), s.Meta, s.Metrics
		spans = append(spans, out)
	}
	rewrite(spans)
	body, err := proto.Marshal(&pb.TraceChunk{Spans: spans})
	if err != nil {
		r.Fatal(err)
	}
	r.sheet.CutOuts = append(r.sheet.CutOuts, intake.CutOut{Ordinal: ordinal, Form: intake.FormChunk, Body: body})
}

// TestAccount has every third chunk rewritten, all with a fault in a field of their own, and
// tags added to all.
func TestAccount(t *testing.T) {
	r := newRig(t, "web-shop", 60, "faults=[{kind: empty-name, share: 10%}, {kind: start-future, share: 10%}]", "traces_per_request=5")
	want := results.Altered{NoFault: new(results.PartAltered)}
	resources, names := uint64(0), uint64(0)
	for i, ordinal := range r.chosen {
		c := r.chunk(ordinal)
		rewritten := i%3 == 0
		r.forward(ordinal, func(spans []*pb.Span) {
			for _, s := range spans {
				s.Metrics["_top_level"] = 1
			}
			if rewritten {
				spans[0].Resource += " rewritten"
			}
			if c.Fault == 0 {
				spans[len(spans)-1].Name = "unnamed"
			}
		})
		altered := results.Count{}
		if rewritten {
			altered = results.Count{Traces: 1, Spans: 1}
			resources++
		}
		if c.Fault == 0 {
			names++
			if altered.Traces = 1; c.Spans > 1 || !rewritten {
				altered.Spans++
			}
		}
		want.Compared = want.Compared.Plus(results.Count{Traces: 1, Spans: uint64(c.Spans)})
		want.Altered = want.Altered.Plus(altered)
		if c.Fault < 0 {
			want.NoFault = want.NoFault.Plus(&results.PartAltered{Compared: 1, Altered: altered.Traces})
		}
	}
	got, err := r.sheet.Close()
	if err != nil {
		t.Fatal(err)
	}
	if got.Compared != want.Compared || got.Altered.Altered != want.Altered || *got.NoFault != *want.NoFault {
		t.Errorf("%+v, want %+v", got.Altered, want)
	}
	fields := map[string]uint64{}
	for _, f := range got.Fields {
		fields[f.Field+" "+f.Change] = f.Spans
		sum := f.NoFault
		for _, n := range f.Faults {
			sum += n
		}
		if sum != f.Spans || f.Example.SpanID == "" {
			t.Errorf("%+v", f)
		}
	}
	if len(fields) != 3 || fields["resource changed"] != resources || fields["name changed"] != names || fields["metrics._top_level added"] != want.Compared.Spans {
		t.Errorf("%v, want %d resources, %d names", fields, resources, names)
	}
	var shapes results.PartAltered
	for i := range got.ByShape {
		shapes = *shapes.Plus(&got.ByShape[i])
	}
	if shapes.Compared != want.Compared.Traces || shapes.Altered != want.Altered.Traces {
		t.Errorf("of shapes %+v", shapes)
	}
	// The one is its own; the other is what happens to all.
	if f := got.ByFault[0]; f.Compared == 0 || f.Altered != f.Compared || f.Own != f.Compared {
		t.Errorf("%+v", f)
	}
	if f := got.ByFault[1]; f.Compared == 0 || f.Altered == 0 || f.Altered == f.Compared || f.Own != 0 {
		t.Errorf("%+v", f)
	}
}

// TestPiecesAreJoined has chunks come span by span, now and then without one, or twice.
func TestPiecesAreJoined(t *testing.T) {
	r := newRig(t, "web-shop", 3, "traces_per_request=5")
	spans := uint64(0)
	for i, ordinal := range r.chosen {
		for k := range int(r.chunk(ordinal).Spans) {
			if i%5 == 1 && k == 0 {
				continue
			}
			for range 1 + i%2 {
				r.forward(ordinal, func(spans []*pb.Span) {
					for j := range spans {
						if j != k {
							spans[j].SpanID = 1
						}
					}
				})
			}
			spans++
		}
	}
	got, err := r.sheet.Close()
	if err != nil || got.Compared.Spans != spans || got.Altered.Altered.Spans != 0 {
		t.Errorf("%+v, want %d spans; %v", got.Altered, spans, err)
	}
}

// TestPartsAreCompared compares parts of long traces with what was sent of them.
func TestPartsAreCompared(t *testing.T) {
	r := newRig(t, "long-traces", 8, "shapes.batch.partial_flush=20", "services.orders.operations.batch.calls.1.repeat={p50: 10, p99: 100, max: 150}")
	spans := uint64(0)
	for _, ordinal := range r.chosen {
		r.forward(ordinal, func([]*pb.Span) {})
		spans += uint64(r.chunk(ordinal).Spans)
	}
	got, err := r.sheet.Close()
	if err != nil || got.Compared != (results.Count{Traces: uint64(len(r.chosen)), Spans: spans}) || got.Altered.Altered.Spans != 0 || len(got.Fields) != 0 {
		t.Errorf("%+v, want %d spans; %v", got.Altered, spans, err)
	}
}

// TestWhatCannotBeCompared says so, and leaves the rest as it is.
func TestWhatCannotBeCompared(t *testing.T) {
	r := newRig(t, "web-shop", 10)
	for _, ordinal := range r.chosen[:10] {
		r.forward(ordinal, func([]*pb.Span) {})
	}
	r.sheet.CutOuts = append(r.sheet.CutOuts,
		intake.CutOut{Ordinal: r.chosen[12], Form: intake.FormChunk, Body: []byte{0xff}},
		intake.CutOut{Ordinal: r.corpus.Layout().Ordinal(3, 1<<r.corpus.Layout().ChunkBits-1), Form: intake.FormChunk},
	)
	got, err := r.sheet.Close()
	if err == nil || !strings.Contains(err.Error(), "2 could not be") || got.Compared.Traces != 10 {
		t.Errorf("%+v, %v", got.Altered, err)
	}
	r.sheet.SpansMost = 1
	if got, _ = r.sheet.Close(); got.Compared.Traces != 1 {
		t.Errorf("%d were compared past the bound", got.Compared.Traces)
	}
}
