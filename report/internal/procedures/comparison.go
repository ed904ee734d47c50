package procedures

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// Comparison is the report of a comparison of targets. The record has one.
func Comparison(rec *results.Record) *sheet.Sheet {
	c, s := rec.Comparison, begin(rec)
	var names []string
	for _, t := range c.Targets {
		names = append(names, sheet.Clean(t.Label+": "+targetName(&t)))
	}
	s.Target = strings.Join(names, ", ")
	s.Verdict = comparisonVerdict(rec)
	s.Facts = comparisonFacts(rec)
	for _, b := range bs(c) {
		s.Figures = append(s.Figures, tallyFigures(c, b)...)
		s.Tables = append(s.Tables, metricTable(c, b))
	}
	s.Tables = append(s.Tables, behaviourTable(c), lostRunTable(c))
	s.Tables = slices.DeleteFunc(s.Tables, func(t sheet.Table) bool { return len(t.Rows) == 0 })
	s.Cases = comparisonCases(rec, &s.Verdict)
	return s
}

// targetName is what people call a target.
func targetName(t *results.ComparedTarget) string {
	if t.Name == "" {
		return t.Target
	}
	return sheet.Versioned(t.Name, t.Version)
}

// labelA is the label of the first target.
func labelA(c *results.Comparison) string {
	if len(c.Targets) > 0 {
		return c.Targets[0].Label
	}
	return "a"
}

// bs are the labels of what is compared with the first target: of the targets, or where
// the record does not name them, of its metrics.
func bs(c *results.Comparison) []string {
	var labels []string
	add := func(label string) {
		if !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	for i, t := range c.Targets {
		if i > 0 {
			add(t.Label)
		}
	}
	for i := range c.Metrics {
		add(c.Metrics[i].Target)
	}
	return labels
}

// tally counts the verdicts about the metrics of one target; of all with an empty label.
func tally(c *results.Comparison, label string) map[string]int {
	n := map[string]int{}
	for i := range c.Metrics {
		if label == "" || c.Metrics[i].Target == label {
			n[c.Metrics[i].Verdict]++
		}
	}
	return n
}

func comparisonVerdict(rec *results.Record) sheet.Verdict {
	c := rec.Comparison
	n := tally(c, "")
	v := sheet.Verdict{Summary: sheet.Clean(strings.Join(summaries(c), "; "))}
	switch worse, better := n[results.VerdictWorse], n[results.VerdictBetter]; {
	case c.Rounds == 0 || len(c.Metrics) == 0:
		v.Word, v.Tone = "NO ANSWER", sheet.Bad
	case worse > 0 && better > 0:
		v.Word, v.Tone = "MIXED", sheet.Warn
	case worse > 0:
		v.Word, v.Tone = "WORSE", sheet.Bad
	case better > 0:
		v.Word, v.Tone = "BETTER", sheet.Good
	case n[results.VerdictUndecided] > 0:
		v.Word, v.Tone = "UNDECIDED", sheet.Warn
	default:
		v.Word, v.Tone = "NO DIFFERENCE", sheet.Good
	}
	if lost := lostRounds(c); lost > 0 {
		were := "were"
		if lost == 1 {
			were = "was"
		}
		because(&v, sheet.Warn, fmt.Sprintf("%s %s left out, for a run in it does not count: see below", counted(lost, "round"), were))
	}
	if n[results.VerdictUndecided] > 0 && c.Rounds > 0 {
		because(&v, sheet.Warn, moreRounds(c))
	}
	if c.Exhausted {
		because(&v, sheet.Warn, "the budget"+planned(c)+" ran out; --resume with a larger --budget goes on from here")
	}
	qualify(&v, rec)
	return v
}

func planned(c *results.Comparison) string {
	if c.Plan == nil || c.Plan.BudgetS <= 0 {
		return ""
	}
	return " of " + seconds(c.Plan.BudgetS)
}

// summaries say of each target how it stands, and how many differences in behaviour there are.
func summaries(c *results.Comparison) []string {
	if c.Rounds == 0 {
		return []string{"no round counts, so nothing can be said"}
	}
	var parts []string
	for _, b := range bs(c) {
		n, said := tally(c, b), []string(nil)
		for _, k := range []struct{ verdict, lead string }{
			{results.VerdictWorse, "worse in "}, {results.VerdictBetter, "better in "}, {results.VerdictSame, "no different in "}, {results.VerdictUndecided, "undecided in "},
		} {
			if count := n[k.verdict]; count > 0 {
				said = append(said, k.lead+results.FormatCount(uint64(count)))
			}
		}
		if len(said) > 0 { // the noun goes with the first number
			noun := " metrics"
			if strings.HasSuffix(said[0], " 1") {
				noun = " metric"
			}
			said[0] += noun
		}
		if len(said) > 0 {
			parts = append(parts, b+" is "+strings.Join(said, ", "))
		}
	}
	if len(parts) == 0 {
		parts = []string{"no metric was compared"}
	} else {
		parts[0] = "against " + labelA(c) + ", " + parts[0]
	}
	switch n := len(c.Behaviour) + max(c.MoreBehaviour, 0); n {
	case 0:
		return append(parts, "no difference in behaviour")
	case 1:
		return append(parts, "1 difference in behaviour")
	default:
		return append(parts, results.FormatCount(uint64(n))+" differences in behaviour")
	}
}

// moreRounds says how many rounds would decide what is undecided.
func moreRounds(c *results.Comparison) string {
	most, beyond, bounded := 0, 0, false
	for i := range c.Metrics {
		m := &c.Metrics[i]
		bounded = bounded || m.Bounded
		if m.Verdict != results.VerdictUndecided {
			continue
		}
		if m.RoundsNeeded == 0 {
			beyond++
		}
		most = max(most, m.RoundsNeeded)
	}
	switch {
	case !bounded:
		return counted(c.Rounds, "round") + " are too few for an interval of any metric: nothing is decided"
	case most > 0 && beyond > 0:
		return fmt.Sprintf("not enough rounds for all: about %s would decide the most, and %s would still be undecided after %s", results.FormatCount(uint64(most)), counted(beyond, "metric"), results.FormatCount(results.RoundsMost))
	case most > 0:
		return fmt.Sprintf("not enough rounds for all: about %s would probably do (--rounds)", results.FormatCount(uint64(most)))
	}
	return "what is undecided would still be so after " + results.FormatCount(results.RoundsMost) + " rounds: it differs too much from run to run"
}

// lostRounds is how many rounds have a run that does not count.
func lostRounds(c *results.Comparison) int {
	lost := map[int]bool{}
	for _, r := range c.Runs {
		if r.Problem != "" {
			lost[r.Round] = true
		}
	}
	return len(lost)
}

func comparisonFacts(rec *results.Record) []sheet.Fact {
	c := rec.Comparison
	var out []sheet.Fact
	for i := range c.Targets {
		t := &c.Targets[i]
		given := ""
		if name := targetName(t); !strings.Contains(name, t.Target) {
			given = t.Target
		}
		out = append(out, sheet.Fact{Name: sheet.Clean(t.Label), Value: sheet.Join(targetName(t), given, sheet.With(t.Set))})
	}
	out = append(out,
		sheet.Fact{Name: "rounds", Value: sheet.Join(roundsInWords(c)...)},
		sheet.Fact{Name: "confidence", Value: sheet.Clean(confidenceInWords(c))},
		sheet.Fact{Name: "least effect", Value: sheet.Clean(leastEffect(c))},
		sheet.Fact{Name: "time", Value: sheet.Clean(spentOn(c))},
	)
	return sheet.Filled(append(out, sheet.Origin(rec)...))
}

func roundsInWords(c *results.Comparison) []string {
	n := counted(c.Rounds, "round") + " of one run of each target"
	if !c.Paired {
		n = counted(c.Rounds, "run") + " of each target at least, not made in rounds"
	}
	how := "compared pair by pair, in an order that was drawn"
	if !c.Paired {
		how = "compared as two heaps"
	}
	read := ""
	if len(c.Looks) > 1 {
		var at []string
		for _, l := range c.Looks {
			at = append(at, strconv.Itoa(l.Rounds))
		}
		read = "read after " + strings.Join(at, ", ")
	}
	return []string{n, how, read}
}

// confidenceInWords says what the intervals hold together, and what they were widened for.
func confidenceInWords(c *results.Comparison) string {
	if c.Confidence <= 0 {
		return ""
	}
	text := percent(c.Confidence) + " for all intervals together, corrected for " + counted(len(c.Metrics), "metric")
	if n := len(c.Looks); n > 1 {
		text += " and " + counted(n, "look")
	}
	if c.Alpha > 0 {
		text += " (each alone " + strconv.FormatFloat(100*(1-c.Alpha), 'g', 5, 64) + "%)"
	}
	return text + "; p is not corrected"
}

func leastEffect(c *results.Comparison) string {
	var parts []string
	if c.MinEffect > 0 {
		parts = append(parts, percent(c.MinEffect)+" of a metric")
	}
	if c.MinEffectShare > 0 {
		parts = append(parts, points(c.MinEffectShare, false)+" of a share")
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + ": a smaller difference is called none"
}

func spentOn(c *results.Comparison) string {
	if c.Plan != nil {
		return spent(c.SpentS, c.Plan.BudgetS)
	}
	return spent(c.SpentS, 0)
}

// tallyFigures are the large numbers of one target; with several targets, those that are not 0.
func tallyFigures(c *results.Comparison, label string) []sheet.Figure {
	n := tally(c, label)
	var out []sheet.Figure
	for _, k := range []struct {
		verdict, name string
		tone          sheet.Tone
	}{
		{results.VerdictWorse, "worse", sheet.Bad}, {results.VerdictBetter, "better", sheet.Good}, {results.VerdictSame, "no different", sheet.Plain}, {results.VerdictUndecided, "undecided", sheet.Plain},
	} {
		f := sheet.Figure{Value: results.FormatCount(uint64(n[k.verdict])), Name: "metrics in which " + sheet.Clean(label) + " is " + k.name}
		if n[k.verdict] > 0 {
			f.Tone = k.tone
		}
		if n[k.verdict] > 0 || len(c.Targets) <= 2 {
			out = append(out, f)
		}
	}
	return out
}
