package values

import (
	"math"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/scenarios/internal/document"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// The variants of a Dist in `lang` tags: what it draws, when not plain numbers.
const (
	ofTimes  = "time"
	ofCounts = "count"
)

// parts is the mapping form of a Dist: log-normal of p50, p99 and max alone, else
// piecewise.
type parts struct {
	Min   float64 `json:"min" doc:"Smallest value. Default: the lowest quantile given."`
	P10   float64 `json:"p10" doc:"10th percentile."`
	P25   float64 `json:"p25" doc:"25th percentile."`
	P50   float64 `json:"p50" lang:"required" doc:"Median."`
	P75   float64 `json:"p75" doc:"75th percentile."`
	P90   float64 `json:"p90" doc:"90th percentile."`
	P95   float64 `json:"p95" doc:"95th percentile."`
	P99   float64 `json:"p99" doc:"99th percentile. Default: max."`
	P999  float64 `json:"p99_9" doc:"99.9th percentile."`
	P9999 float64 `json:"p99_99" doc:"99.99th percentile."`
	Max   float64 `json:"max" doc:"Largest value; what would lie beyond lies on it."`
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
		if !readQuantiles(d, target, s) {
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

// readQuantiles reads `{p50, p99, max}`, or any other quantiles with p50, and says
// whether it could.
func readQuantiles(d *grammar.Decoder, target *Dist, s grammar.Spot) bool {
	timed := s.Rule.Variant == ofTimes
	all := knots()
	var keys []string
	for _, k := range all {
		keys = append(keys, k.key)
	}
	values := map[string]float64{}
	ok := true
	for _, p := range s.Pairs {
		key := p.Key.Text
		if !slices.Contains(keys, key) {
			d.Add(p.Key.Place, grammar.DidYouMean(key, keys), "%s has no key %s", s.Label, grammar.Shorten(key))
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
	logNormal := true
	above := 0 // quantiles beyond the median
	for i, k := range all {
		target.Knots[i] = values[k.key]
		if values[k.key] > 0 {
			logNormal = logNormal && (k.key == "p50" || k.key == "p99" || k.key == "max")
			if k.at > 0.5 {
				above++
			}
		}
	}
	if values["p50"] == 0 || logNormal && above == 0 {
		d.Add(s.Begin(), "write {p50: …, p99: …} or {p50: …, max: …}", "%s lacks p50, or both p99 and max", s.Label)
		return false
	}
	*target = Dist{Kind: Piecewise, Time: timed, Max: values["max"], Knots: target.Knots}
	if logNormal {
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
	rising := true
	target.pieces(func(_, _, a, b float64) bool {
		rising = rising && a <= b
		return true
	})
	if !rising {
		d.Add(s.Begin(), "order them "+strings.Join(keys, " ≤ "), "%s runs backwards: its quantiles must rise", s.Label)
	}
	return rising
}
