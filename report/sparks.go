package report

import (
	"math"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// sparks draws rate, response time and what was lost over time as one line each,
// in a terminal of that width.
func sparks(rec *results.Record, width int) [][]sheet.Cell {
	seconds, rate, p99 := timeline(rec)
	room := min(width-44, 60)
	if len(rate) < 4 || room < 16 {
		return nil
	}
	slowest, fastest := maximum(p99), math.Inf(1)
	for _, v := range p99 {
		if !math.IsNaN(v) {
			fastest = min(fastest, v)
		}
	}
	rate, p99 = squeeze(rate, room), squeeze(p99, room)
	var lines [][]sheet.Cell
	line := func(name, spark string, t sheet.Tone, said string) {
		lines = append(lines, []sheet.Cell{sheet.Text(name, sheet.Dim), sheet.Text(spark, t), sheet.Text(" "+said, sheet.Dim)})
	}
	line("sent/s over time       ", spark(rate, 0, maximum(rate)), sheet.Plain, "up to "+results.FormatRate(maximum(rate)))
	if slowest > 0 {
		name := "response p99, log scale"
		if rec.ClosedLoop() {
			name = "service p99, log scale "
		}
		line(name, slowness(p99, fastest, slowest), sheet.Plain, results.FormatDuration(fastest)+" to "+results.FormatDuration(slowest))
	}
	if lost := missingOver(rec, seconds); maximum(lost) > 0 {
		line("missing, by when due   ", spark(squeeze(lost, room), 0, maximum(lost)), sheet.Bad, "up to "+results.FormatRate(maximum(lost)))
	}
	if len(rec.Incidents) > 0 {
		drawn, names := incidentSpark(rec, seconds, room)
		line("incidents              ", drawn, sheet.Warn, sheet.Cut(names, max(width-28-len([]rune(drawn)), 8)))
	}
	return lines
}

// slowness draws the response time over time.
func slowness(p99 []float64, fastest, slowest float64) string {
	// A response time tells by its order of magnitude.
	low, high := math.Log(max(fastest, 1)), math.Log(max(slowest, 1))
	if high-low < math.Log(4) {
		low = high - math.Log(4)
	}
	logs := make([]float64, len(p99))
	for i, v := range p99 {
		logs[i] = math.Log(max(v, 1)) // what was not measured stays NaN
	}
	return spark(logs, low, high)
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
