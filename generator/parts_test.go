package generator

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/internal/wire"
	"github.com/spanstorm/spanstorm/scenarios"
)

// splitShop is the shop whose long traces are sent in parts, by so many tracers.
func splitShop(clients int) *scenarios.Scenario {
	s := shop()
	withExtras(s)
	s.Clients.Count = clients
	s.TracesPerRequest = scenarios.Dist{Kind: scenarios.UniformInt, A: 1, B: 9}
	s.Shapes[0].PartialFlush, s.Shapes[2].PartialFlush = 4, 40
	s.Shapes[2].Late = &scenarios.Late{Share: 0.5, By: ms(30_000, 600_000)}
	return s
}

// duesOf are different times for requests.
func duesOf(seq uint64) int64 { return someTime + int64(seq)*1_300_000_007 }

// clocked is a composer that knows when all requests are due.
func clocked(c *Corpus, key identity.Key) *Composer {
	k := c.Composer(key)
	k.Clock(duesOf)
	return k
}

// plannedParts are the chunks of a request as its trees say.
func plannedParts(t fataler, c *Corpus, codec *identity.Codec, seq uint64) (all [][]plainSpan, trees []*Tree) {
	for _, chunk := range c.Chunks(nil, seq) {
		tree, err := c.Tree(c.Layout().Seq(chunk.Ordinal))
		if err != nil {
			t.Fatalf("%v", err)
		}
		spans := plainTree(c, codec, tree, duesOf(tree.Seq))
		if len(tree.Parts) > 0 {
			p := slices.IndexFunc(tree.Parts, func(p Part) bool { return p.Ordinal == chunk.Ordinal })
			if p < 0 || tree.Parts[p].Seq != seq || !tree.Parts[p].Sent {
				t.Fatalf("chunk %d of request %d is none of the parts of its tree: %+v", chunk.Ordinal, seq, tree.Parts)
			}
			var part []plainSpan
			for _, k := range tree.Parts[p].Spans {
				part = append(part, spans[k])
			}
			spans = part
		}
		all, trees = append(all, spans), append(trees, tree)
	}
	return all, trees
}

// What Datadog's own decoders read from a body is what the trees say of the parts
// in it, in every encoding, and the account of the request is that of its body.
func TestBodiesHoldTheParts(t *testing.T) {
	for _, api := range scenarios.APIs() {
		for _, encoding := range encodingsOf(api) {
			s := splitShop(3)
			s.API, s.Encoding = api, encoding
			c := compileOrFatal(t, s)
			c.Schedule(nil, 0, 40, 60)
			key := identity.Key{1, 2, 3}
			composer, codec := clocked(c, key), identity.New(key, c.Layout())
			later := 0
			for seq := range uint64(60) {
				if before := composer.Traces(seq); before != len(c.Chunks(nil, seq)) {
					t.Fatalf("%s: request %d has %d chunks, Traces says %d", api, seq, len(c.Chunks(nil, seq)), before)
				}
				got := readBack(t, c, composer.Append(nil, seq, duesOf(seq)))
				want, trees := plannedParts(t, c, codec, seq)
				if diff := difference(want, got); diff != "" {
					t.Fatalf("%s %s: request %d (-planned +decoded):\n%s", api, encoding, seq, diff)
				}
				if n := composer.Traces(seq); n != len(got) {
					t.Fatalf("%s: request %d has %d chunks, Traces says %d", api, seq, len(got), n)
				}
				later += accounted(t, c, codec, seq, got, trees)
			}
			if later < 100 {
				t.Errorf("%s %s: %d later parts were looked at", api, encoding, later)
			}
		}
	}
}

// accounted holds Chunks, and what ids say, against what was sent. It returns how
// many chunks were later parts.
func accounted(t fataler, c *Corpus, codec *identity.Codec, seq uint64, got [][]plainSpan, trees []*Tree) (later int) {
	for i, chunk := range c.Chunks(nil, seq) {
		first, n := c.First(chunk.Ordinal, int(chunk.Spans))
		if id := codec.TraceID(first, n); id != got[i][0].TraceID || first != trees[i].Ordinal {
			t.Fatalf("chunk %d is of trace %d, First says %d", chunk.Ordinal, got[i][0].TraceID, id)
		}
		priority, has := got[i][0].Metrics[wire.PriorityKey]
		if has != chunk.HasPriority || has && int8(priority) != chunk.Priority || int(chunk.Spans) != len(got[i]) {
			t.Fatalf("chunk %d has %d spans and priority %v %v; Chunks says %+v", chunk.Ordinal, len(got[i]), priority, has, chunk)
		}
		for k, s := range got[i] {
			ordinal, index, last, ok := codec.SpanOf(s.SpanID)
			if want := first != chunk.Ordinal && k == len(got[i])-1; !ok || ordinal != chunk.Ordinal || index != k || last != want {
				t.Fatalf("span %d of chunk %d: its id says %d of %d, last %v, ok %v", k, chunk.Ordinal, index, ordinal, last, ok)
			}
		}
		if first != chunk.Ordinal {
			later++
		}
	}
	return later
}

// Put together again, the parts of a trace are the trace that is sent where
// nothing is split: every span once, under the same parent, at the same time.
func TestPartsAreTheTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := anyScenario(t)
		whole.Clients.Count = rapid.IntRange(1, 7).Draw(t, "clients")
		split := *whole
		split.Shapes = slices.Clone(whole.Shapes)
		split.Shapes[0].PartialFlush = rapid.IntRange(1, 8).Draw(t, "entry flush")
		split.Shapes[1].PartialFlush = rapid.IntRange(13, 100).Draw(t, "tail flush")
		c, err := compile(&split, 64)
		if err != nil {
			t.Fatal(err)
		}
		unsplit, err := compile(whole, 64)
		if err != nil {
			t.Fatal(err)
		}
		key := identity.Key{1}
		composer, codec := clocked(c, key), identity.New(key, c.Layout())
		traces := map[uint64][][]plainSpan{} // the parts of each
		const began = 2
		for seq := range c.steady() + began {
			for _, spans := range readBack(t, c, composer.Append(nil, seq, duesOf(seq))) {
				id := spans[0].TraceID
				traces[id] = append(traces[id], spans)
			}
		}
		for seq := range uint64(began) {
			for i := range unsplit.Chunks(nil, seq) {
				tree, err := unsplit.Tree(seq, i)
				if err != nil {
					t.Fatal(err)
				}
				least := split.Shapes[slices.Index(c.ShapeNames(), tree.Shape)].PartialFlush
				n := min(len(tree.Spans), least)
				parts := traces[codec.TraceID(c.Layout().Ordinal(seq, i), n)]
				if parts == nil {
					t.Fatalf("trace %d of request %d was not sent", i, seq)
				}
				sameTree(t, unsplit, tree, parts, least, duesOf(seq))
			}
		}
	})
}

// sameTree compares a trace that was put together with the tree that it is of.
func sameTree(t fataler, c *Corpus, tree *Tree, parts [][]plainSpan, least int, due int64) {
	want := plainTree(c, identity.New(identity.Key{2}, c.Layout()), tree, due)
	var got []plainSpan
	end := int64(0) // of the parts so far
	for p, part := range parts {
		if len(part) != least && p < len(parts)-1 || len(part) > least {
			t.Fatalf("part %d of %d has %d spans, not %d", p, len(parts), len(part), least)
		}
		first, last := part[0].Start+part[0].Duration, int64(0)
		for _, s := range part {
			first, last = min(first, s.Start+s.Duration), max(last, s.Start+s.Duration)
		}
		if first < end {
			t.Fatalf("part %d holds a span that finished at %d; those before it had finished by %d", p, first, end)
		}
		end = max(end, last)
		for key := range want[0].Meta {
			if wire.OfTrace(key) && (c.scenario.API == scenarios.V03 || c.scenario.API == scenarios.V04 || c.scenario.API == scenarios.V05) {
				if part[0].Meta[key] != want[0].Meta[key] {
					t.Fatalf("the first span of part %d has %s %q, the root %q", p, key, part[0].Meta[key], want[0].Meta[key])
				}
			}
		}
		got = append(got, part...)
	}
	if diff := cmp.Diff(said(t, want), said(t, got)); diff != "" {
		t.Fatalf("a trace of %d spans in %d parts (-whole +parts):\n%s", len(want), len(parts), diff)
	}
}

// said are the spans in words that hold no id: what each is, and what its parent
// and the parents above are.
func said(t fataler, spans []plainSpan) []string {
	byID := map[uint64]plainSpan{}
	for _, s := range spans {
		if _, twice := byID[s.SpanID]; twice {
			t.Fatalf("span %d twice", s.SpanID)
		}
		byID[s.SpanID] = s
	}
	var all []string
	for _, s := range spans {
		var b strings.Builder
		meta, metrics := maps.Clone(s.Meta), maps.Clone(s.Metrics)
		for i := range s.Events {
			s.Events[i].Offset = 0 // which is not sent
		}
		maps.DeleteFunc(meta, func(key, _ string) bool { return wire.OfTrace(key) })
		delete(metrics, wire.PriorityKey)
		fmt.Fprintln(&b, s.Service, s.Name, s.Resource, s.Type, s.Start, s.Duration, s.Error, meta, metrics, s.Links, s.Events, s.MetaStruct)
		for parent := s.ParentID; parent != 0; {
			p, ok := byID[parent]
			if !ok {
				t.Fatalf("parent %d of a span is nowhere in its trace", parent)
			}
			fmt.Fprintln(&b, "in", p.Service, p.Name, p.Start, p.Duration)
			parent = p.ParentID
		}
		all = append(all, b.String())
	}
	slices.Sort(all)
	return all
}

// Bodies are functions of their number, whoever composes them and in whatever order.
func TestComposersOfPartsAgree(t *testing.T) {
	s := splitShop(5)
	s.API = scenarios.V10
	c := compileOrFatal(t, s)
	c.Schedule(nil, 0, 70, 150)
	one, other := clocked(c, identity.Key{7}), clocked(c, identity.Key{7})
	const requests = 150
	var want [requests][]byte
	for seq := range want {
		want[seq] = one.Append(nil, uint64(seq), duesOf(uint64(seq)))
	}
	for i := range uint64(requests) {
		seq := i * 77 % requests
		if !bytes.Equal(other.Append(nil, seq, duesOf(seq)), want[seq]) {
			t.Fatalf("request %d is another one when it is composed after others", seq)
		}
	}
}

func TestComposingPartsDoesNotAllocate(t *testing.T) {
	c := compileOrFatal(t, splitShop(3))
	composer := clocked(c, identity.Key{7})
	body, chunks, seq, traces := make([]byte, 0, 16<<20), make([]ledger.Chunk, 0, 1024), c.steady(), 0
	if n := testing.AllocsPerRun(200, func() {
		body = composer.Append(body[:0], seq, duesOf(seq))
		chunks = c.Chunks(chunks[:0], seq)
		traces += composer.Traces(seq)
		seq++
	}); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
}

// Ordinals ascend through a run, no two chunks share one, and what goes on in a
// request goes on with the client that began it, within its phase.
func TestPartsStayWithTheirClient(t *testing.T) {
	fleet := splitShop(6)
	fleet.Clients.FlushInterval = scenarios.Duration(500e6)
	rate := scenarios.Quantity{PerS: 40, Unit: scenarios.Traces}
	for range 2 {
		fleet.Load = append(fleet.Load, scenarios.Phase{Send: "traces", Rate: &scenarios.Rate{From: rate, To: rate}, For: scenarios.Duration(10e9)})
	}
	for name, s := range map[string]*scenarios.Scenario{"rates": splitShop(6), "fleet": fleet} {
		t.Run(name, func(t *testing.T) {
			c := compileOrFatal(t, s)
			bounds := []uint64{0, 100, 200}
			if f := c.plan.Fleet; f != nil {
				bounds = append(slices.Clone(f.Firsts), f.Count)
			}
			c.Schedule(nil, bounds...)
			last, later, unsent := uint64(0), 0, 0
			for seq := range bounds[2] {
				for i, chunk := range c.Chunks(nil, seq) {
					if chunk.Ordinal <= last && (seq > 0 || i > 0) {
						t.Fatalf("chunk %d of request %d comes after chunk %d", chunk.Ordinal, seq, last)
					}
					last = chunk.Ordinal
					tree, err := c.Tree(c.Layout().Seq(chunk.Ordinal))
					if err != nil {
						t.Fatal(err)
					}
					inPhase := tree.Seq >= bounds[1] == (seq >= bounds[1])
					if c.Client(tree.Seq) != c.Client(seq) || !inPhase || tree.Seq > seq {
						t.Fatalf("request %d of client %d goes on with what request %d of client %d began", seq, c.Client(seq), tree.Seq, c.Client(tree.Seq))
					}
					if tree.Seq < seq {
						later++
					}
					for _, p := range tree.Parts {
						if !p.Sent {
							unsent++
							ordinals := c.Chunks(nil, p.Seq)
							if slices.ContainsFunc(ordinals, func(one ledger.Chunk) bool { return one.Ordinal == p.Ordinal }) {
								t.Fatalf("a part that is never sent has the ordinal %d of one that is", p.Ordinal)
							}
						}
					}
				}
			}
			if later < 100 || unsent == 0 {
				t.Errorf("%d later parts, %d that are never sent", later, unsent)
			}
		})
	}
}

func TestTooManyParts(t *testing.T) {
	s := shop()
	s.Shapes[2].PartialFlush = 2
	_, err := Compile(s)
	if err == nil || !strings.Contains(err.Error(), "shape tail: a trace of") || !strings.Contains(err.Error(), "raise partial_flush to") {
		t.Errorf("%v", err)
	}
}

// The means are what requests amount to once what began before comes along.
func TestMeansOfParts(t *testing.T) {
	c := compileOrFatal(t, splitShop(2))
	composer, began, spans, size := clocked(c, identity.Key{1}), 0, 0, 0
	const requests = 6000
	var body []byte
	for seq := c.steady(); seq < c.steady()+requests; seq++ {
		began += c.plan.Request(seq).Traces
		for _, chunk := range c.Chunks(nil, seq) {
			spans += int(chunk.Spans)
		}
		body = composer.Append(body[:0], seq, someTime)
		size += len(body)
	}
	m := c.Means()
	for what, pair := range map[string][2]float64{
		"traces": {float64(began) / requests, m.Traces}, "spans": {float64(spans) / requests, m.Spans}, "bytes": {float64(size) / requests, m.Bytes},
	} {
		if got, want := pair[0], pair[1]; got < 0.93*want || got > 1.07*want {
			t.Errorf("%s: %.4g a request, Means says %.4g", what, got, want)
		}
	}
}
