package generator

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/scenarios"
)

// The fingerprint is the same on any machine and on any day. When it changes,
// records of before and after hold other bodies for the same seq: change it
// knowingly, and say so in the change log.
func TestFingerprintIsStable(t *testing.T) {
	const golden = "edf45b3e025cef7e213b33f585221c09"
	c, err := Compile(shop())
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Fingerprint(); got != golden {
		t.Errorf("fingerprint is %s, was %s", got, golden)
	}
}

func TestFingerprintCoversBodies(t *testing.T) {
	base := compileOrFatal(t, shop()).Fingerprint()
	for name, change := range map[string]func(*scenarios.Scenario){
		"seed":     func(s *scenarios.Scenario) { s.Seed++ },
		"api":      func(s *scenarios.Scenario) { s.API = scenarios.V03 },
		"encoding": func(s *scenarios.Scenario) { s.Encoding = scenarios.JSON },
		"traces":   func(s *scenarios.Scenario) { s.TracesPerRequest = constant(21) },
		"priority": func(s *scenarios.Scenario) { s.Shapes[1].Priority = map[string]scenarios.Share{"2": 1} },
		"weight":   func(s *scenarios.Scenario) { s.Shapes[1].Weight *= 1.01 },
		"resource": func(s *scenarios.Scenario) { s.Services["mail"].Operations["send"].Resource.Values[0] = "post" },
		"late": func(s *scenarios.Scenario) {
			s.Shapes[0].Late = &scenarios.Late{Share: 0.01, By: ms(30_000, 600_000)}
		},
		"incident": func(s *scenarios.Scenario) { s.Incidents = []scenarios.Incident{outage()} },
		"skew": func(s *scenarios.Scenario) {
			s.Services["users"].Operations["load"].Tags["session"] = scenarios.Tag{Cardinality: 1_000_000, Skew: scenarios.Zipf}
		},
	} {
		s := shop()
		change(s)
		if compileOrFatal(t, s).Fingerprint() == base {
			t.Errorf("another %s leaves the fingerprint as it was", name)
		}
	}
	s := shop()
	s.Load = []scenarios.Phase{{Name: "other"}}
	s.Clients.Count = 7
	if compileOrFatal(t, s).Fingerprint() != base {
		t.Error("another load, or more clients, change the fingerprint")
	}
	for _, api := range []scenarios.API{scenarios.V07, scenarios.V10} { // bodies name them
		one, more := shop(), shop()
		one.API, more.API, more.Clients.Count = api, api, 7
		if compileOrFatal(t, one).Fingerprint() == compileOrFatal(t, more).Fingerprint() {
			t.Errorf("%s: more clients leave the fingerprint as it was", api)
		}
	}
}

// masked decodes a body and blanks ids and times.
func masked(t *testing.T, c *Corpus, body []byte) [][]plainSpan {
	traces := readBack(t, c, body)
	for _, spans := range traces {
		parent := map[uint64]int{}
		for k := range spans {
			parent[spans[k].SpanID] = k + 1
		}
		first := spans[0].Start
		for k := range spans {
			s := &spans[k]
			s.TraceID, s.SpanID, s.ParentID = 0, 0, uint64(parent[s.ParentID])
			s.Start -= first
			delete(s.Meta, "_dd.p.tid")
		}
	}
	return traces
}

// Bodies are a function of seq: another key and another time change ids and
// times, another order of requests and other composers change nothing.
func TestBodiesDependOnSeqAlone(t *testing.T) {
	for _, encoding := range []scenarios.Encoding{scenarios.Msgpack, scenarios.JSON} {
		s := shop()
		s.Encoding = encoding
		one, other := compileOrFatal(t, s), compileOrFatal(t, s)
		a, b := one.Composer(identity.Key{1}), other.Composer(identity.Key{2})
		for seq := range uint64(30) {
			x := masked(t, one, a.Append(nil, seq, someTime))
			y := masked(t, other, b.Append(nil, seq, someTime+987_654_321_987))
			if diff := difference(x, y); diff != "" {
				t.Fatalf("%s: request %d under another key (-one +other):\n%s", encoding, seq, diff)
			}
		}
	}
}

func TestComposersAgree(t *testing.T) {
	c := compileOrFatal(t, shop())
	const requests, workers = 400, 64
	var want [requests][]byte
	single := c.Composer(identity.Key{7})
	for seq := range want {
		want[seq] = single.Append(nil, uint64(seq), someTime+int64(seq))
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			composer := c.Composer(identity.Key{7})
			var body []byte
			for i := range requests {
				seq := (i*7 + w*13) % requests // each in another order
				body = composer.Append(body[:0], uint64(seq), someTime+int64(seq))
				if !bytes.Equal(body, want[seq]) {
					t.Errorf("worker %d: request %d differs from that of one composer", w, seq)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestComposingDoesNotAllocate(t *testing.T) {
	for _, sets := range [][2]string{{"v0.4", "msgpack"}, {"v0.4", "json"}, {"v0.5", "msgpack"}, {"v0.7", "msgpack"}, {"v1.0", "msgpack"}} {
		s := shop()
		s.API, s.Encoding = scenarios.API(sets[0]), scenarios.Encoding(sets[1])
		s.Clients.Count = 50
		s.Shapes[0].Late = &scenarios.Late{Share: 0.5, By: ms(30_000, 600_000)}
		s.Incidents = []scenarios.Incident{outage()}
		c := compileOrFatal(t, s)
		c.Schedule([]Window{{From: 100, To: 300}})
		composer := c.Composer(identity.Key{7})
		body, chunks, seq := make([]byte, 0, 16<<20), make([]ledger.Chunk, 0, 64), uint64(0)
		for range 200 { // tables of texts grow with the payloads
			body = composer.Append(body[:0], seq, someTime)
			seq++
		}
		if n := testing.AllocsPerRun(200, func() {
			body = composer.Append(body[:0], seq, someTime)
			chunks = c.Chunks(chunks[:0], seq)
			seq++
		}); n != 0 {
			t.Errorf("%s: %v allocations a request", sets, n)
		}
	}
}

// A body does not depend on what the buffer held before.
func TestBuffersMayBeReused(t *testing.T) {
	c := compileOrFatal(t, shop())
	composer := c.Composer(identity.Key{7})
	dirty := bytes.Repeat([]byte{0xff}, 1<<20)
	for seq := range uint64(50) {
		want := composer.Append(nil, seq, someTime)
		dirty = composer.Append(dirty[:0], seq, someTime)
		if !bytes.Equal(want, dirty) {
			t.Fatalf("request %d differs in a used buffer", seq)
		}
	}
}

func TestSpansEndByTheirTime(t *testing.T) {
	c := compileOrFatal(t, shop())
	composer := c.Composer(identity.Key{7})
	for seq := range uint64(50) {
		for i, spans := range readBack(t, c, composer.Append(nil, seq, someTime)) {
			last := int64(0)
			for _, s := range spans {
				last = max(last, s.Start+s.Duration)
			}
			if last != someTime {
				t.Fatalf("trace %d of request %d ends at %d, want %d", i, seq, last, someTime)
			}
		}
	}
}

// The first span of a tree has its priority, if there is one, and no other has any.
func TestPriorityIsOnTheRoot(t *testing.T) {
	c := compileOrFatal(t, shop())
	for seq := range uint64(50) {
		for i := range c.Chunks(nil, seq) {
			tree, err := c.Tree(seq, i)
			if err != nil {
				t.Fatal(err)
			}
			for k, s := range tree.Spans {
				if _, priority := s.Metrics["_sampling_priority_v1"]; priority != (k == 0 && tree.HasPriority) {
					t.Errorf("span %d of a trace with priority %v: priority %v", k, tree.HasPriority, priority)
				}
			}
		}
	}
}

func TestTraceWideVariables(t *testing.T) {
	c := compileOrFatal(t, shop())
	users := map[string]bool{}
	for seq := range uint64(50) {
		for i := range c.Chunks(nil, seq) {
			tree, err := c.Tree(seq, i)
			if err != nil {
				t.Fatal(err)
			}
			var own []string
			for _, s := range tree.Spans {
				if id, ok := s.Meta["user.id"]; ok {
					own = append(own, id)
					users[id] = true
				}
			}
			if len(slices.Compact(own)) > 1 {
				t.Fatalf("one trace has users %v", own)
			}
		}
	}
	if len(users) < 100 {
		t.Errorf("only %d users in 50 requests", len(users))
	}
}

func TestServices(t *testing.T) {
	s := shop()
	var got map[string]struct {
		App     string `json:"app"`
		AppType string `json:"app_type"`
	}
	if err := json.Unmarshal(compileOrFatal(t, s).Services(), &got); err != nil {
		t.Fatal(err)
	}
	if want := len(s.Services) + s.Shapes[2].Statistical.Services; len(got) != want {
		t.Errorf("%d services announced, want %d", len(got), want)
	}
	if web := got["web"]; web.App != "shop" || web.AppType != "web" {
		t.Errorf("web is announced as %+v", web)
	}
}

func TestCorpusWithoutShapes(t *testing.T) {
	s := shop()
	s.Shapes = nil
	c := compileOrFatal(t, s)
	if m := c.Means(); m.Traces != 0 || m.Spans != 0 || m.Bytes != 1 {
		t.Errorf("means are %+v", m)
	}
	if body := c.Composer(identity.Key{}).Append(nil, 3, someTime); len(readBack(t, c, body)) != 0 || len(c.Chunks(nil, 3)) != 0 {
		t.Errorf("a request without shapes is %x", body)
	}
	if _, err := c.Tree(0, 0); err == nil {
		t.Error("a tree without shapes")
	}
}

func TestCompileSaysWhatIsWrong(t *testing.T) {
	for want, change := range map[string]func(*scenarios.Scenario){
		`enters at "web.nothing"`: func(s *scenarios.Scenario) { s.Shapes[0].Entry = "web.nothing" },
		`calls "web.nothing"`: func(s *scenarios.Scenario) {
			s.Services["cart"].Operations["get"].Calls[0].To = "web.nothing"
		},
		"weights of 3 shapes":        func(s *scenarios.Scenario) { s.Shapes[0].Weight, s.Shapes[1].Weight, s.Shapes[2].Weight = 0, 0, 0 },
		`priority "high"`:            func(s *scenarios.Scenario) { s.Shapes[0].Priority = map[string]scenarios.Share{"high": 1} },
		`api "v9"`:                   func(s *scenarios.Scenario) { s.API = "v9" },
		"traces_per_request reaches": func(s *scenarios.Scenario) { s.TracesPerRequest = constant(1e9) },
		"grows beyond 100000 spans":  func(s *scenarios.Scenario) { s.Services["cart"].Operations["get"].Calls[0].Repeat = constant(1e9) },
		"lower traces_per_request or": func(s *scenarios.Scenario) {
			s.TracesPerRequest, s.Services["cart"].Operations["get"].Calls[0].Repeat = constant(1<<19), constant(5000)
		},
	} {
		s := shop()
		change(s)
		if _, err := compile(s, testPools); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "compile scenario shop") {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

func TestStats(t *testing.T) {
	c := compileOrFatal(t, shop())
	st := c.Stats(200)
	k, means := c.Composer(identity.Key{1}), Payload{}
	for seq, p := range st.Payloads {
		body := k.Append(nil, uint64(seq), someTime)
		spans := 0
		for _, chunk := range c.Chunks(nil, uint64(seq)) {
			spans += int(chunk.Spans)
		}
		if p.Bytes != len(body) || p.Traces != k.Traces(uint64(seq)) || p.Spans != spans {
			t.Fatalf("request %d: stats say %+v; it has %d bytes, %d traces, %d spans", seq, p, len(body), k.Traces(uint64(seq)), spans)
		}
		means.Bytes += p.Bytes
	}
	if got, want := float64(means.Bytes)/200, c.Means().Bytes; got < want*0.8 || got > want*1.2 {
		t.Errorf("the first bodies have %v bytes, means say %v", got, want)
	}
	for _, l := range st.Limits {
		if l.Over() {
			t.Errorf("%s of %d bytes is over %d", l.What, l.Bytes, l.Limit)
		}
	}
	s := shop()
	s.Services["mail"].Operations["send"].Resource.Values[0] = strings.Repeat("x", 6000)
	over := slices.IndexFunc(compileOrFatal(t, s).Stats(1).Limits, Longest.Over)
	if over < 0 {
		t.Error("a resource of 6,000 bytes is within limits")
	}
}

// What is drawn is what is sent: counts of templates against chunks.
func TestDrawsAreWhatIsSent(t *testing.T) {
	c := compileOrFatal(t, shop())
	const traces = 500
	counts := c.Draws(traces)
	spans, sent, left := 0, 0, traces
	err := c.Templates(func(t *Template) { spans += counts[t.Number] * len(t.Spans) })
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(0); left > 0; seq++ {
		for _, chunk := range c.Chunks(nil, seq) {
			if left > 0 {
				sent += int(chunk.Spans)
				left--
			}
		}
	}
	if spans != sent || spans == 0 {
		t.Errorf("the templates of %d traces have %d spans; %d are sent", traces, spans, sent)
	}
}
