package outlook

import (
	"math"
	"testing"
)

// The bundled scenario alibaba has the published figures, each within 15%. A
// call is an edge between two spans, so a trace of n spans has n-1.
func TestAlibabaIsAsPublished(t *testing.T) {
	o := look(t, load(t, "alibaba"), 0, 200)
	tr, e, shapes := &o.Traces, &o.Traces.Edges, &o.Variety.CallsPerTreeShape
	types := map[string]float64{}
	for _, typ := range tr.CallTypes {
		types[typ.Type] = typ.Share
	}
	const within = 0.15
	for _, figure := range []struct {
		what      string
		got, want float64
	}{
		{"calls per trace p50", tr.Spans.P50 - 1, 2},
		{"calls per trace p90", tr.Spans.P90 - 1, 6},
		{"calls per trace p99", tr.Spans.P99 - 1, 9},
		{"calls per trace max", tr.Spans.Max - 1, 21_362},
		{"calls per distinct shape p50", shapes.P50, 9},
		{"calls per distinct shape p99", shapes.P99, 697},
		{"depth p50", tr.DepthLevels.P50, 2},
		{"depth p99", tr.DepthLevels.P99, 5},
		{"depth max", tr.DepthLevels.Max, 13},
		{"fan-out p50", tr.FanOut.P50, 1},
		{"fan-out p90", tr.FanOut.P90, 2},
		{"fan-out p99", tr.FanOut.P99, 5},
		{"fan-out max", tr.FanOut.Max, 64},
		{"edges called once", e.OnceShare, 0.80},
		{"edges called twice", e.TwiceShare, 0.18},
		{"edges called ten times or more", e.TenOrMoreShare, 0.0005},
		{"memcached", types["memcached"], 0.37},
		{"http", types["web"], 0.33},
		{"rpc", types["rpc"], 0.28},
		{"databases", types["sql"], 0.02},
		{"services", float64(o.Variety.Services), 2014},
	} {
		if math.Abs(figure.got-figure.want) > within*figure.want {
			t.Errorf("%s is %.5g, published is %.5g", figure.what, figure.got, figure.want)
		}
	}
	if o.Variety.MemoryBytes > 100e6 {
		t.Errorf("the templates take %d bytes", o.Variety.MemoryBytes)
	}
	for _, w := range o.Warnings {
		t.Errorf("warns: %s", w.Text)
	}
}
