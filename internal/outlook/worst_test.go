package outlook

import (
	"math"
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/scenarios"
)

func TestWorstOfAKnownScenario(t *testing.T) {
	o := look(t, parse(t, `
services:
  web:
    operations:
      checkout:
        name: http.request
        resource: [POST /checkout, POST /buy]
        duration: 1ms
        calls:
          - {to: stock.check, repeat: 1..3}
          - {to: never.called, probability: 0%}
          - parallel: [{to: users.load, probability: 1%, retries: 2}, {to: mail.send, async: true}]
  stock: {operations: {check: {name: c, resource: r, duration: 1ms, calls: [{to: db.get, repeat: 12}]}}}
  users: {operations: {load: {name: l, resource: r, duration: 1ms, calls: [db.get]}}}
  mail: {operations: {send: {name: s, resource: r, duration: 1ms, calls: [users.load]}}}
  db: {type: db, operations: {get: {name: g, resource: r, duration: 1ms}}}
  never: {operations: {called: {name: n, resource: r, duration: 1ms}}}
shapes: [{name: buy, entry: web.checkout}]
traces_per_request: 2..5
load: [{rate: 1/s, for: 1s}]
`), 0, 3)
	// checkout, 3 × (check, 12 × get), 3 × (load, get), send (load, get)
	w := o.WorstCase.Shapes[0]
	if want := 1 + 3*13 + 3*2 + 3.0; w.Spans != (Bound{Value: want}) {
		t.Errorf("spans: %+v, want %v", w.Spans, want)
	}
	if w.DepthLevels != (Bound{Value: 4}) || w.FanOut != (Bound{Value: 12}) || o.WorstCase.PayloadTraces != (Bound{Value: 5}) {
		t.Errorf("levels %+v, fan-out %+v, traces %+v; want 4, 12, 5", w.DepthLevels, w.FanOut, o.WorstCase.PayloadTraces)
	}
	if w.LargestPath != "web.checkout → stock.check ×3 → db.get ×12" || w.DeepestPath != "web.checkout → mail.send → users.load → db.get" || w.WidestOperation != "stock.check" {
		t.Errorf("paths %q, %q, widest %q", w.LargestPath, w.DeepestPath, w.WidestOperation)
	}
}

func TestWorstSaysWhatIsUnbounded(t *testing.T) {
	o := look(t, parse(t, strings.Replace(known, "repeat: 3}", "repeat: {p50: 3, p99: 6}}", 1)), 0, 3)
	w := o.WorstCase.Shapes[0]
	rare := math.Round(3 * math.Exp(math.Log(2)/2.326*3.719))
	if !w.Spans.Unbounded || w.Spans.Value != rare+6 || w.DepthLevels.Unbounded {
		t.Errorf("spans %+v, want %v unbounded; levels %+v", w.Spans, rare+6, w.DepthLevels)
	}
	if !strings.Contains(w.LargestPath, "(unbounded)") {
		t.Errorf("path %q", w.LargestPath)
	}
}

// Law: no tree of the library, nor any part of it, is beyond the worst case.
func TestNothingGrownIsBeyondTheWorst(t *testing.T) {
	for _, bundled := range scenarios.Library() {
		o := look(t, load(t, bundled.Name), 0, 50)
		for _, w := range o.WorstCase.Shapes {
			for _, s := range o.Shapes {
				if s.Name != w.Shape {
					continue
				}
				for what, pair := range map[string][2]float64{
					"spans": {s.Traces.Spans.Max, w.Spans.Value}, "levels": {s.Traces.DepthLevels.Max, w.DepthLevels.Value},
					"calls of one span": {s.Traces.CallsPerCaller.Max, w.FanOut.Value}, "bytes": {s.Traces.ChunkBytes.Max, w.TraceBytes.Value},
				} {
					if pair[0] > pair[1]*(1+1e-9) {
						t.Errorf("%s, %s: %v %s grown, %v at worst", bundled.Name, s.Name, pair[0], what, pair[1])
					}
				}
			}
		}
		if len(o.WorstCase.Shapes) > 0 && o.Payloads.Bytes.Max > o.WorstCase.PayloadBytes.Value*1.01 {
			t.Errorf("%s: a payload of %v bytes, %v at worst", bundled.Name, o.Payloads.Bytes.Max, o.WorstCase.PayloadBytes.Value)
		}
	}
}

func TestWorstCaseOverALimitIsAWarning(t *testing.T) {
	s := parse(t, strings.Replace(known, "repeat: 3}", "repeat: {p50: 3, max: 9000}}", 1))
	s.TracesPerRequest = scenarios.Dist{A: 10}
	o := look(t, s, 0, 3)
	if len(o.Warnings) != 1 || o.Warnings[0].Kind != "worst_case" || !strings.Contains(o.Warnings[0].Text, "web.page → db.read ×9,000") {
		t.Errorf("warnings are %+v", o.Warnings)
	}
}

// By hand: 45 pairs of ten traces at 10⁻⁸ are rarer than one in a million, and
// 190 pairs of twenty are not.
func TestCrowd(t *testing.T) {
	for _, c := range []struct {
		n     int
		share float64
		want  int
	}{{10, 1e-4, 1}, {20, 1e-4, 2}, {20, 1, 20}, {50, 0.5, 43}, {10, 1e-9, 0}, {1, 0.3, 1}} {
		if got := crowd(c.n, c.share); got != c.want {
			t.Errorf("at most %d of %d at %v, want %d", got, c.n, c.share, c.want)
		}
	}
}
