package values

import (
	"math"

	"github.com/spanstorm/spanstorm/scenarios/internal/document"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// The variants of a Dist in `lang` tags: what it draws, when not plain numbers.
const (
	ofTimes  = "time"
	ofCounts = "count"
)

// parts is the mapping form of a Dist.
type parts struct {
	P50 float64 `json:"p50" lang:"required" doc:"Median."`
	P99 float64 `json:"p99" doc:"99th percentile. Default: max."`
	Max float64 `json:"max" doc:"Largest value; what would lie beyond lies on it."`
}

// readDist reads a distribution in any of its forms.
func readDist(d *grammar.Decoder, target *Dist, s grammar.Spot) {
	timed, count := s.Rule.Variant == ofTimes, s.Rule.Variant == ofCounts
	*target = Dist{Time: timed}
	switch s.Kind {
	case document.Scalar:
		dist, wrong := ParseDist(s.Text, timed)
		if wrong != nil {
			d.Add(s.Place, wrong.Hint, "%s: %s", s.Label, wrong.Message)
			return
		}
		*target = dist
	case document.Map:
		if !readLogNormal(d, target, s) {
			return
		}
	default:
		d.MustBe(s.Node, s.Label, "a distribution", "write for example "+distExamples(timed))
		return
	}
	if !count && !timed {
		return
	}
	switch {
	case target.A < 0:
		d.Add(s.Begin(), "write it without the sign", "%s is negative", s.Label)
	case count && target.Kind == Constant && target.A != math.Trunc(target.A):
		d.Add(s.Begin(), "write a whole number, or a distribution such as 1..3", "%s counts whole things, %s is not whole", s.Label, grammar.FormatNumber(target.A))
	}
}

// readLogNormal reads `{p50, p99, max}` and says whether it could.
func readLogNormal(d *grammar.Decoder, target *Dist, s grammar.Spot) bool {
	timed := s.Rule.Variant == ofTimes
	values := map[string]float64{}
	ok := true
	for _, p := range s.Pairs {
		key := p.Key.Text
		if key != "p50" && key != "p99" && key != "max" {
			d.Add(p.Key.Place, grammar.DidYouMean(key, []string{"p50", "p99", "max"}), "%s has no key %s", s.Label, grammar.Shorten(key))
			ok = false
			continue
		}
		d.Note(s, key, p.Value)
		if p.Value.Kind != document.Scalar {
			d.MustBe(p.Value, key, "a single value", "")
			ok = false
			continue
		}
		f, wrong := parseValue(p.Value.Text, timed)
		switch {
		case wrong != nil:
			d.Add(p.Value.Place, wrong.Hint, "%s: %s", key, wrong.Message)
			ok = false
		case f <= 0:
			d.Add(p.Value.Place, "a log-normal distribution is above zero everywhere", "%s must be above zero", key)
			ok = false
		}
		values[key] = f
	}
	if !ok {
		return false
	}
	if values["p50"] == 0 || values["p99"] == 0 && values["max"] == 0 {
		d.Add(s.Begin(), "write {p50: …, p99: …} or {p50: …, max: …}", "%s lacks p50, or both p99 and max", s.Label)
		return false
	}
	*target = Dist{Kind: LogNormal, A: values["p50"], B: values["p99"], Max: values["max"], Time: timed}
	if target.B == 0 {
		target.B = target.Max
	}
	if target.B < target.A || target.Max > 0 && target.Max < target.B {
		d.Add(s.Begin(), "order them p50 ≤ p99 ≤ max", "%s runs backwards: p50, p99 and max must rise", s.Label)
		return false
	}
	return true
}
