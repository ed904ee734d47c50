package generator

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/fault/spans"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Names that spans of traces would hide.
const (
	nobody        = spans.Nobody
	deepTreeSpans = spans.DeepTreeSpans
	wideTreeSpans = spans.WideTreeSpans
	hugeMetaTags  = spans.HugeMetaTags
)

// each runs a test for every kind of fault of spans in every API and encoding that can express it.
func each(t *testing.T, kinds func(fault.Kind) bool, test func(t *testing.T, kind string, c *Corpus)) {
	for _, kind := range fault.Kinds() {
		if kind.Level != fault.Span || !kinds(kind) {
			continue
		}
		for _, api := range scenarios.APIs() {
			if slices.Contains(kind.Not, string(api)) {
				continue
			}
			for _, encoding := range encodingsOf(api) {
				t.Run(kind.Name+" "+string(api)+" "+string(encoding), func(t *testing.T) {
					t.Parallel()
					s := shop()
					s.API, s.Encoding, s.TracesPerRequest = api, encoding, constant(3)
					s.Faults = []scenarios.Fault{{Kind: kind.Name, Share: 0.6}}
					c, err := compile(s, 256)
					if err != nil {
						t.Fatal(err)
					}
					test(t, kind.Name, c)
				})
			}
		}
	}
}

// mutations say of each kind what is to differ: in the spans of the trace before
// it was broken, of which the last is s.
var mutations = map[string]func(spans []plainSpan, s *plainSpan){
	fault.TraceIDZero: func(spans []plainSpan, _ *plainSpan) {
		for k := range spans {
			spans[k].TraceID = 0
		}
	},
	fault.SpanIDZero:       func(_ []plainSpan, s *plainSpan) { s.SpanID = 0 },
	fault.DuplicateSpanIDs: func(spans []plainSpan, s *plainSpan) { s.SpanID = spans[0].SpanID },
	fault.ForeignTraceID:   func(_ []plainSpan, s *plainSpan) { s.TraceID = nobody },
	fault.SelfParent:       func(_ []plainSpan, s *plainSpan) { s.ParentID = s.SpanID },
	fault.MissingRoot:      func(spans []plainSpan, _ *plainSpan) { spans[0].ParentID = nobody },
	fault.ParentCycle:      func(spans []plainSpan, s *plainSpan) { spans[0].ParentID, s.ParentID = s.SpanID, spans[0].SpanID },
	fault.EmptyService:     func(_ []plainSpan, s *plainSpan) { s.Service = "" },
	fault.LongService:      func(_ []plainSpan, s *plainSpan) { s.Service += strings.Repeat("x", 300-len(s.Service)) },
	fault.EmptyName:        func(_ []plainSpan, s *plainSpan) { s.Name = "" },
	fault.LongName:         func(_ []plainSpan, s *plainSpan) { s.Name += strings.Repeat("x", 300-len(s.Name)) },
	fault.EmptyResource:    func(_ []plainSpan, s *plainSpan) { s.Resource = "" },
	fault.LongResource:     func(_ []plainSpan, s *plainSpan) { s.Resource += strings.Repeat("x", 10_000-len(s.Resource)) },
	fault.LongType:         func(_ []plainSpan, s *plainSpan) { s.Type += strings.Repeat("x", 300-len(s.Type)) },
	fault.OddCharacters:    func(_ []plainSpan, s *plainSpan) { s.Service, s.Name = "Œdd sérvice/#1 ☃!", "1 ódd näme??" },
	fault.InvalidUTF8: func(_ []plainSpan, s *plainSpan) { // as decoders mend it
		s.Service, s.Name, s.Meta["odd.bytes"] = "service\ufffd\ufffd", "name.\ufffd(", "\ufffd(\ufffd \ufffd\ufffd"
	},
	fault.StartZero: func(spans []plainSpan, _ *plainSpan) {
		for k := range spans {
			spans[k].Start = 0
		}
	},
	fault.Start1999: func(spans []plainSpan, _ *plainSpan) {
		for k, first := range slices.Backward(slices.Repeat([]int64{spans[0].Start}, len(spans))) {
			spans[k].Start += time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC).UnixNano() - first
		}
	},
	fault.StartFuture: func(spans []plainSpan, _ *plainSpan) {
		for k, first := range slices.Backward(slices.Repeat([]int64{spans[0].Start}, len(spans))) {
			spans[k].Start += time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano() - first
		}
	},
	fault.NegativeDuration: func(_ []plainSpan, s *plainSpan) { s.Duration = -1e9 },
	fault.MaximalDuration:  func(_ []plainSpan, s *plainSpan) { s.Duration = math.MaxInt64 },
	fault.HugeTag:          func(_ []plainSpan, s *plainSpan) { s.Meta["huge.tag"] = strings.Repeat("huge tag ", 1<<20)[:1<<20] },
}

// mendedAtOnce has one replacement for bytes in a row, where other decoders have one for each.
func mendedAtOnce(s *plainSpan) {
	once := func(text string) string { return strings.ReplaceAll(text, "\ufffd\ufffd", "\ufffd") }
	s.Service, s.Name = once(s.Service), once(s.Name)
	for key, value := range s.Meta {
		s.Meta[key] = once(value)
	}
}

// What is decoded from a malformed chunk is the tree it was made from, but for
// what the fault says, field by field.
func TestBrokenAsTheFaultSays(t *testing.T) {
	each(t, func(k fault.Kind) bool { return mutations[k.Name] != nil }, func(t *testing.T, kind string, c *Corpus) {
		key := identity.Key{7}
		composer, codec := c.Composer(key), identity.New(key, c.Layout())
		met, alone := 0, 0
		for seq := range uint64(25) {
			got := readBack(t, c, composer.Append(nil, seq, someTime))
			asTree := planned(t, c, codec, seq, someTime)
			for i, chunk := range c.Chunks(nil, seq) {
				if kind != fault.InvalidUTF8 {
					if diff := difference([][]plainSpan{asTree[i]}, [][]plainSpan{got[i]}); diff != "" {
						t.Fatalf("trace %d of request %d (-tree +decoded):\n%s", i, seq, diff)
					}
				}
				want := plainBefore(t, c, codec, seq, i)
				if chunk.Fault >= 0 {
					if met++; len(got[i]) != len(want) { // of two spans where it takes two
						alone++
						continue
					}
					mutations[kind](want, &want[len(want)-1])
					if kind == fault.InvalidUTF8 && c.scenario.API == scenarios.V10 {
						mendedAtOnce(&want[len(want)-1])
					}
				}
				if diff := difference([][]plainSpan{want}, [][]plainSpan{got[i]}); diff != "" {
					t.Fatalf("trace %d of request %d (-expected +decoded):\n%s", i, seq, diff)
				}
			}
		}
		if met < 25 || alone > met/2 {
			t.Errorf("%d of 75 traces were malformed, %d of them grew", met, alone)
		}
	})
}

// plainBefore is a trace as it would have been without its fault.
func plainBefore(t *testing.T, c *Corpus, codec *identity.Codec, seq uint64, i int) []plainSpan {
	t.Helper()
	tree, err := c.tree(seq, i, func(_ string, tree []trees.Span) spans.Broken { return spans.Broken{Spans: tree} })
	if err != nil {
		t.Fatal(err)
	}
	return plainTree(c, codec, tree, someTime)
}

func TestGiants(t *testing.T) {
	sizes := map[string]int{fault.DeepTree: deepTreeSpans, fault.WideTree: wideTreeSpans, fault.HugeMeta: 0}
	each(t, func(k fault.Kind) bool { _, ok := sizes[k.Name]; return ok }, func(t *testing.T, kind string, c *Corpus) {
		key := identity.Key{7}
		composer, codec := c.Composer(key), identity.New(key, c.Layout())
		for seq := uint64(0); ; seq++ {
			chunks := c.Chunks(nil, seq)
			i := slices.IndexFunc(chunks, func(chunk ledger.Chunk) bool { return chunk.Fault >= 0 })
			if i < 0 {
				continue
			}
			got := readBack(t, c, composer.Append(nil, seq, someTime))
			if diff := difference(planned(t, c, codec, seq, someTime), got); diff != "" {
				t.Fatalf("request %d (-tree +decoded):\n%.2000s", seq, diff)
			}
			spans := got[i]
			if kind == fault.HugeMeta {
				if n := len(spans[len(spans)-1].Meta); n < hugeMetaTags {
					t.Errorf("%d tags", n)
				}
				return
			}
			levels, most := map[uint64]int{0: 0}, 0
			for _, s := range spans {
				levels[s.SpanID] = levels[s.ParentID] + 1
				most = max(most, levels[s.SpanID])
			}
			want := map[string]int{fault.DeepTree: deepTreeSpans, fault.WideTree: 2}[kind]
			if len(spans) != sizes[kind] || most != want {
				t.Errorf("%d spans on %d levels", len(spans), most)
			}
			return
		}
	})
}

// failure ends what cannot go on.
type failure struct{}

func (failure) Fatalf(string, ...any) { panic(failure{}) }

// refuses says that a body cannot be decoded.
func refuses(c *Corpus, body []byte) (refused bool) {
	defer func() {
		if r := recover(); r != nil {
			refused = r == any(failure{})
		}
	}()
	readBack(failure{}, c, body)
	return false
}

func TestNoSpans(t *testing.T) {
	each(t, func(k fault.Kind) bool { return k.Name == fault.EmptyTrace || k.Name == fault.NilTrace }, func(t *testing.T, kind string, c *Corpus) {
		composer := c.Composer(identity.Key{7})
		for seq := range uint64(9) {
			body := composer.Append(nil, seq, someTime)
			if kind == fault.NilTrace && c.scenario.Encoding == scenarios.Msgpack && c.scenario.API != scenarios.V07 {
				faulty := slices.ContainsFunc(c.Chunks(nil, seq), func(chunk ledger.Chunk) bool { return chunk.Fault >= 0 })
				if refused := refuses(c, body); refused != faulty {
					t.Errorf("request %d is refused: %v", seq, refused)
				}
				continue
			}
			got := readBack(t, c, body)
			for i, chunk := range c.Chunks(nil, seq) {
				if int(chunk.Spans) != len(got[i]) || (chunk.Fault >= 0) != (len(got[i]) == 0) {
					t.Errorf("%+v has %d spans", chunk, len(got[i]))
				}
			}
		}
	})
}

// A body with a value of the wrong type is read by no decoder, and is the right body
// but for those values.
func TestWrongTypes(t *testing.T) {
	each(t, func(k fault.Kind) bool { return k.Name == fault.WrongTypes }, func(t *testing.T, _ string, c *Corpus) {
		composer := c.Composer(identity.Key{7})
		for seq := range uint64(20) {
			body := composer.Append(nil, seq, someTime)
			faulty := 0
			for _, chunk := range c.Chunks(nil, seq) {
				if chunk.Fault >= 0 {
					faulty++
				}
			}
			err := func() (err error) {
				switch {
				case c.scenario.Encoding == scenarios.JSON:
					var traces pb.Traces
					err = json.Unmarshal(body, &traces)
				case c.scenario.API == scenarios.V07:
					var payload pb.TracerPayload
					_, err = payload.UnmarshalMsg(body)
				default:
					var traces pb.Traces
					_, err = traces.UnmarshalMsg(body)
				}
				return err
			}()
			if (err != nil) != (faulty > 0) {
				t.Errorf("request %d with %d malformed traces: %v", seq, faulty, err)
			}
		}
	})
}
