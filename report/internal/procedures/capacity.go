package procedures

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// Capacity is the report of a search for a target's capacity. The record has one.
func Capacity(rec *results.Record) *sheet.Sheet {
	c, s := rec.Capacity, begin(rec)
	s.Target = sheet.Clean(rec.Target.Name)
	s.Verdict = capacityVerdict(rec)
	s.Facts = capacityFacts(rec)
	s.Figures = capacityFigures(c)
	for _, t := range []sheet.Table{atTable(c), rateTable(c), probeTable(c)} {
		if len(t.Rows) > 0 {
			s.Tables = append(s.Tables, t)
		}
	}
	found := sheet.Case{Name: "the capacity is found", Out: s.Verdict.Summary, Error: unfinished(rec, &s.Verdict)}
	if found.Error == nil && !c.Answered {
		found.Failure = &sheet.Fault{Type: "no answer", Message: s.Verdict.Summary, Text: s.Verdict.Summary}
	}
	s.Cases = []sheet.Case{found}
	return s
}

func capacityVerdict(rec *results.Record) sheet.Verdict {
	c := rec.Capacity
	v := sheet.Verdict{Word: "ANSWERED", Tone: sheet.Good}
	switch {
	case !c.Answered:
		v.Word, v.Tone = "NO ANSWER", sheet.Bad
		v.Summary = "there is no answer"
		if c.NoAnswer != "" {
			v.Summary += ": " + c.NoAnswer
		}
	case c.Exhausted:
		v.Word, v.Tone = "BEST SO FAR", sheet.Warn
		v.Summary = "at least " + inAllUnits(c) + "; " + bounds(c)
	case rec.Interrupted || !rec.Complete:
		v.Summary = "at least " + inAllUnits(c) + "; " + bounds(c)
	default:
		v.Summary = inAllUnits(c) + "; " + bounds(c)
	}
	v.Summary = sheet.Clean(v.Summary)
	if c.Exhausted {
		because(&v, sheet.Warn, "the budget of "+seconds(c.BudgetS)+" ran out before the interval was as narrow as "+percent(c.Precision)+"; --resume with a larger --budget goes on from here")
	}
	if c.Answered && c.LimitedBy == results.LimitGenerator {
		because(&v, sheet.Warn, "beyond it the generator was the limit, not the target: the capacity may be higher")
	}
	qualify(&v, rec)
	return v
}

// rate is a rate of the search, in its unit.
func rate(c *results.Capacity, perS float64) string {
	return results.FormatRate(perS) + " " + c.Counts()
}

// inAllUnits is the answer in the unit of the search, and beside it in all others.
func inAllUnits(c *results.Capacity) string {
	text, p := rate(c, c.Answer()), c.AnswerPerS
	var parts []string
	for _, other := range []struct {
		unit string
		perS float64
	}{{"requests/s", p.Requests}, {"traces/s", p.Traces}, {"spans/s", p.Spans}} {
		if other.perS > 0 && other.unit != c.Counts() {
			parts = append(parts, results.FormatRate(other.perS)+" "+other.unit)
		}
	}
	if p.Bytes > 0 {
		parts = append(parts, results.FormatBytes(p.Bytes)+"/s")
	}
	if len(parts) == 0 {
		return text
	}
	return text + " (" + strings.Join(parts, ", ") + ")"
}

// bounds says between which rates the capacity lies, and what broke beyond them.
func bounds(c *results.Capacity) string {
	if c.High == 0 {
		if c.LimitedBy == results.LimitGenerator {
			return "nothing is known of higher rates"
		}
		return "no higher rate was seen to break"
	}
	text := "it lies between " + results.FormatRate(c.Low) + " and " + rate(c, c.High)
	if c.Low < c.Answer() {
		text += ", where probes passed now and then"
	}
	if broke := limit(c.LimitedBy); broke != "" {
		text += "; beyond the answer " + broke
	}
	return text
}

// limit says in words what broke.
func limit(by string) string {
	switch by {
	case "":
		return ""
	case results.LimitSaturated:
		return "the target was full: not all that was planned could be sent"
	case results.LimitDied:
		return "the target died"
	case results.LimitGenerator:
		return "the generator was the limit"
	}
	return by + " did not hold"
}

func capacityFacts(rec *results.Record) []sheet.Fact {
	c := rec.Capacity
	out := []sheet.Fact{
		{Name: "target", Value: sheet.Target(&rec.Target)},
		{Name: "expected", Value: sheet.Clean(strings.Join(c.Expect, " · "))},
		{Name: "interval", Value: interval(c)},
		{Name: "test", Value: testInWords(c.Errors)},
		{Name: "probes", Value: sheet.Join(probesInWords(c)...)},
		{Name: "time", Value: sheet.Clean(spent(c.SpentS, c.BudgetS))},
	}
	knee := ""
	switch k := c.Knee; {
	case k != nil:
		knee = fmt.Sprintf("%s, with response time p50 %s: past it response time grows faster than what is delivered",
			rate(c, cmp.Or(k.RatePerS, k.RequestsPerS)), results.FormatDuration(k.ResponseP50NS))
	case len(c.Rates) > 2:
		knee = "none among the rates that were probed"
	}
	out = append(out, sheet.Fact{Name: "knee", Value: sheet.Clean(knee)})
	if u := c.USL; u != nil {
		out = append(out, sheet.Fact{Name: "USL", Value: uslInWords(c)})
	}
	return sheet.Filled(append(out, sheet.Origin(rec)...))
}

// interval is the interval of the answer, and how narrow it was to be.
func interval(c *results.Capacity) string {
	asked := ""
	if c.Precision > 0 {
		asked = " (" + percent(c.Precision) + " was asked for)"
	}
	switch {
	case c.Low > 0 && c.High > 0:
		return sheet.Clean(fmt.Sprintf("%s to %s, %s apart%s", results.FormatRate(c.Low), rate(c, c.High), percent((c.High-c.Low)/c.Low), asked))
	case c.Low > 0:
		return sheet.Clean(rate(c, c.Low) + " or more")
	case c.High > 0:
		return sheet.Clean("below " + rate(c, c.High))
	}
	return ""
}

// testInWords are the error rates of the sequential test.
func testInWords(e results.TestErrors) string {
	if e == (results.TestErrors{}) {
		return ""
	}
	return fmt.Sprintf("a rate at which %s of the probes or more pass is called breaking at most %s of the time; one at which %s or fewer pass is called holding at most %s of the time",
		percent(e.PassHigh), percent(e.Holds), percent(e.PassLow), percent(e.Breaks))
}

// probesInWords says how many probes there were, of which kind, and what came of them.
func probesInWords(c *results.Capacity) []string {
	of := map[string]int{}
	for _, p := range c.Probes {
		of[p.Outcome]++
	}
	made := counted(len(c.Probes), "probe")
	if c.HoldS > 0 {
		made += " of " + seconds(c.HoldS)
		if c.WarmS > 0 {
			made += " after " + seconds(c.WarmS) + " of warm-up"
		}
	}
	target := "a fresh target each"
	if c.Warm {
		target = "one warm target for all"
	}
	var outcomes []string
	for _, o := range []struct{ outcome, text string }{
		{results.ProbePassed, "passed"}, {results.ProbeFailed, "failed"}, {results.ProbeGenerator, "limited by the generator"}, {results.ProbeBroken, "could not be made"},
	} {
		if n := of[o.outcome]; n > 0 {
			outcomes = append(outcomes, results.FormatCount(uint64(n))+" "+o.text)
		}
	}
	return []string{made, target, strings.Join(outcomes, ", ")}
}

// spent is the time that a procedure took, of what it was given.
func spent(spentS, budgetS float64) string {
	if budgetS > 0 {
		return seconds(spentS) + " of a budget of " + seconds(budgetS)
	}
	if spentS > 0 {
		return seconds(spentS)
	}
	return ""
}

func uslInWords(c *results.Capacity) string {
	u := c.USL
	if !u.Good {
		text := "the Universal Scalability Law does not describe these probes"
		if u.Why != "" {
			text += ": " + u.Why
		}
		return sheet.Clean(text)
	}
	text := fmt.Sprintf("λ %s, contention σ %.3g, coherency κ %.3g (R² %.3f)", rate(c, u.Lambda), u.Sigma, u.Kappa, u.R2)
	if u.PeakPerS > 0 {
		text += fmt.Sprintf(": at most %s, with %s in the target", rate(c, u.PeakPerS), digits(u.PeakN))
	}
	return sheet.Clean(text)
}

func capacityFigures(c *results.Capacity) []sheet.Figure {
	if !c.Answered {
		return nil
	}
	tone := sheet.Good
	if c.Exhausted {
		tone = sheet.Plain
	}
	a := c.AnswerPerS
	out := []sheet.Figure{{Value: results.FormatRate(c.Answer()), Name: c.Counts(), Tone: tone}}
	if c.High > 0 {
		out = append(out, sheet.Figure{Value: results.FormatRate(c.High), Name: c.Counts() + " break it"})
	}
	if c.Unit == results.UnitTraces && a.Requests > 0 {
		out = append(out, sheet.Figure{Value: results.FormatRate(a.Requests), Name: "requests/s"})
	}
	if c.Unit != results.UnitTraces && a.Traces > 0 {
		out = append(out, sheet.Figure{Value: results.FormatRate(a.Traces), Name: "traces/s"})
	}
	if a.Spans > 0 {
		out = append(out, sheet.Figure{Value: results.FormatRate(a.Spans), Name: "spans/s"})
	}
	if a.Bytes > 0 {
		out = append(out, sheet.Figure{Value: results.FormatBytes(a.Bytes), Name: "per second"})
	}
	if c.At != nil && c.At.ResponseP99NS > 0 {
		out = append(out, sheet.Figure{Value: results.FormatDuration(c.At.ResponseP99NS), Name: "response time p99 there"})
	}
	if c.At != nil && c.At.CPUCores > 0 {
		out = append(out, sheet.Figure{Value: digits(c.At.CPUCores), Name: "CPU cores busy there"})
	}
	return out
}
