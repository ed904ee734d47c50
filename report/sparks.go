package report

import (
	"math"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// sparks draws rate, response time and what was lost over time as one line each.
func (p *printer) sparks(rec *results.Record) {
	seconds, rate, p99 := timeline(rec)
	room := min(p.width-44, 60)
	if len(rate) < 4 || room < 16 {
		return
	}
	slowest, fastest := maximum(p99), math.Inf(1)
	for _, v := range p99 {
		if !math.IsNaN(v) {
			fastest = min(fastest, v)
		}
	}
	rate, p99 = squeeze(rate, room), squeeze(p99, room)
	p.line("")
	p.line("  " + p.paint(dim, "sent/s over time        ") + spark(rate, 0, maximum(rate)) + p.paint(dim, "  up to "+results.FormatRate(maximum(rate))))
	if slowest > 0 {
		p.slowness(rec, p99, fastest, slowest)
	}
	if lost := missingOver(rec, seconds); maximum(lost) > 0 {
		p.line("  " + p.paint(dim, "missing, by when due    ") + p.paint(bad, spark(squeeze(lost, room), 0, maximum(lost))) + p.paint(dim, "  up to "+results.FormatRate(maximum(lost))))
	}
	if len(rec.Incidents) > 0 {
		line, names := incidentSpark(rec, seconds, room)
		p.line("  " + p.paint(dim, "incidents               ") + p.paint(warn, line) + p.paint(dim, "  "+cut(names, max(p.width-28-len([]rune(line)), 8))))
	}
}

// slowness draws the response time over time.
func (p *printer) slowness(rec *results.Record, p99 []float64, fastest, slowest float64) {
	// A response time tells by its order of magnitude.
	low, high := math.Log(max(fastest, 1)), math.Log(max(slowest, 1))
	if high-low < math.Log(4) {
		low = high - math.Log(4)
	}
	logs := make([]float64, len(p99))
	for i, v := range p99 {
		logs[i] = math.Log(max(v, 1)) // what was not measured stays NaN
	}
	name := "response p99, log scale "
	if rec.ClosedLoop() {
		name = "service p99, log scale  "
	}
	p.line("  " + p.paint(dim, name) + spark(logs, low, high) + p.paint(dim, "  "+results.FormatDuration(fastest)+" to "+results.FormatDuration(slowest)))
}

// timeline is the seconds of the load, the requests sent in each and their response
// time p99, NaN where nothing was measured. A second that two phases share is one.
func timeline(rec *results.Record) (seconds []int, rate, p99 []float64) {
	end := 0.0
	for _, p := range rec.Phases {
		end = max(end, p.EndS)
	}
	last, most, closed := math.MinInt, uint64(0), rec.ClosedLoop()
	for _, s := range rec.Seconds {
		if end > 0 && float64(s.T)+0.5 > end {
			continue
		}
		if s.T != last {
			seconds, rate, p99, most = append(seconds, s.T), append(rate, 0), append(p99, math.NaN()), 0
		}
		at := len(rate) - 1
		rate[at] += float64(s.Sent)
		q := s.ResponseTime
		if closed {
			q = s.ServiceTime
		}
		if q.Count > most {
			p99[at], most = float64(q.P99), q.Count
		}
		last = s.T
	}
	return seconds, rate, p99
}

// missingOver is how many of the traces that were due in each second never came out.
func missingOver(rec *results.Record, seconds []int) []float64 {
	at := map[int]float64{}
	for _, s := range rec.Seconds {
		at[s.T] += float64(s.Missing)
	}
	list := make([]float64, len(seconds))
	for i, t := range seconds {
		list[i] = at[t]
	}
	return list
}

// squeeze makes at most n values of many by the largest of each group.
func squeeze(values []float64, n int) []float64 {
	if len(values) <= n {
		return values
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = maximum(values[i*len(values)/n : (i+1)*len(values)/n])
	}
	return out
}

// maximum ignores what was not measured; it is NaN when nothing was.
func maximum(values []float64) float64 {
	most := math.NaN()
	for _, v := range values {
		if math.IsNaN(most) || v > most {
			most = v
		}
	}
	return most
}

// spark draws values between low and high with bars of eight heights.
func spark(values []float64, low, high float64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, v := range values {
		if math.IsNaN(v) || high <= low {
			b.WriteByte(' ')
			continue
		}
		i := int(math.Round((v - low) / (high - low) * float64(len(bars)-1)))
		b.WriteRune(bars[min(max(i, 0), len(bars)-1)])
	}
	return b.String()
}
