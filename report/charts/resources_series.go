package charts

import (
	"math"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// resourceSeries is what the target and the generator took over time, and what
// came out of the target. CPU is in processors busy, memory in bytes.
type resourceSeries struct {
	TargetCPU, GeneratorCPU       paper.Line
	TargetMemory, GeneratorMemory paper.Line
	MachineCPU, StolenCPU         paper.Line // of all programs, and what the host took
	Arrived                       []step     // traces per second at the intake
	LoadEnd, End                  float64
	Grouped                       int // seconds to a point
}

// newResourceSeries reads the series off the seconds of a record, those after the
// load too: the target goes on working on what it holds. On a long run several
// seconds make one point: of memory the most, of the others the mean.
func newResourceSeries(rec *results.Record) resourceSeries {
	rows := wholeSeconds(rec)
	s := resourceSeries{LoadEnd: end(rec), Grouped: max(1, (len(rows)+pointsMax-1)/pointsMax)}
	last := math.Inf(-1)
	for from := 0; from < len(rows); from += s.Grouped {
		group := rows[from:min(from+s.Grouped, len(rows))]
		begin, until := group[0].From, group[len(group)-1].To
		seconds, sum := 0.0, results.Second{}
		for _, g := range group {
			seconds += g.To - g.From
			sum.Accepted += g.Second.Accepted
			sum.TargetCPUS += g.Second.TargetCPUS
			sum.GeneratorCPUS += g.Second.GeneratorCPUS
			sum.MachineCPUS += g.Second.MachineCPUS
			sum.MachineStolenCPUS += g.Second.MachineStolenCPUS
			sum.TargetRSSBytes = max(sum.TargetRSSBytes, g.Second.TargetRSSBytes)
			sum.GeneratorRSSBytes = max(sum.GeneratorRSSBytes, g.Second.GeneratorRSSBytes)
		}
		x, gap := (begin+until)/2, begin-last > 0.5
		// Of a process that is not there, or that nobody can look at, nothing is drawn.
		if sum.TargetRSSBytes > 0 {
			paper.Add(&s.TargetCPU, gap || !s.reaches(s.TargetCPU, last), x, sum.TargetCPUS/seconds)
			paper.Add(&s.TargetMemory, gap || !s.reaches(s.TargetMemory, last), x, float64(sum.TargetRSSBytes))
		}
		if sum.GeneratorRSSBytes > 0 {
			paper.Add(&s.GeneratorCPU, gap, x, sum.GeneratorCPUS/seconds)
			paper.Add(&s.GeneratorMemory, gap, x, float64(sum.GeneratorRSSBytes))
		}
		if sum.MachineCPUS > 0 {
			paper.Add(&s.MachineCPU, gap, x, sum.MachineCPUS/seconds)
			paper.Add(&s.StolenCPU, gap, x, sum.MachineStolenCPUS/seconds)
		}
		if rec.Ledger.Source == "intake" {
			s.Arrived = append(s.Arrived, step{begin, until, float64(sum.Accepted) / seconds})
		}
		last, s.End = until, max(s.End, until)
	}
	s.End = max(s.End, s.LoadEnd)
	return s
}

// reaches says that a line goes on until about then.
func (s *resourceSeries) reaches(l paper.Line, until float64) bool {
	if len(l) == 0 {
		return false
	}
	run := l[len(l)-1]
	return until-run[len(run)-1].X <= float64(s.Grouped)
}

// wholeSeconds are the seconds of a record with what was measured in each from
// outside, whichever phases share it. The last one ends with the run.
func wholeSeconds(rec *results.Record) []slot {
	var rows []slot
	over := rec.EndedAt.Sub(rec.StartedAt).Seconds()
	if rec.EndedAt.IsZero() || rec.StartedAt.IsZero() {
		over = math.Inf(1)
	}
	for _, r := range rec.Seconds {
		if n := len(rows); n > 0 && rows[n-1].Second.T == r.T {
			mine := &rows[n-1].Second
			mine.Accepted += r.Accepted
			mine.TargetCPUS += r.TargetCPUS
			mine.GeneratorCPUS += r.GeneratorCPUS
			mine.MachineCPUS += r.MachineCPUS
			mine.MachineStolenCPUS += r.MachineStolenCPUS
			mine.TargetRSSBytes = max(mine.TargetRSSBytes, r.TargetRSSBytes)
			mine.GeneratorRSSBytes = max(mine.GeneratorRSSBytes, r.GeneratorRSSBytes)
			continue
		}
		s := slot{From: float64(r.T), To: float64(r.T) + 1, Second: r}
		if over > s.From {
			s.To = min(s.To, over)
		}
		// What is left of a second is too short to tell a rate.
		if s.To-s.From >= slotMin {
			rows = append(rows, s)
		}
	}
	return rows
}
