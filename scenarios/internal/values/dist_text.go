package values

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// parseValue reads one number of a distribution.
func parseValue(s string, timed bool) (float64, *grammar.Misread) {
	if !timed {
		return grammar.ParseNumber(s)
	}
	d, wrong := ParseDuration(s)
	return float64(d), wrong
}

// ParseDist reads the forms of a distribution that are a single text.
func ParseDist(s string, timed bool) (Dist, *grammar.Misread) {
	s = strings.TrimSpace(s)
	kind, a, b := Constant, s, ""
	for _, form := range []struct {
		sign string
		kind DistKind
	}{{"±", Normal}, {"+-", Normal}, {"..", UniformInt}} {
		if before, after, ok := strings.Cut(s, form.sign); ok {
			kind, a, b = form.kind, strings.TrimSpace(before), strings.TrimSpace(after)
			break
		}
	}
	d := Dist{Kind: kind, Time: timed}
	var wrong *grammar.Misread
	if d.A, wrong = parseValue(a, timed); wrong != nil {
		if kind == Constant && !strings.Contains(wrong.Message, "unit") && grammar.NumberLen(s) == 0 {
			return d, grammar.Misreadf("write for example "+distExamples(timed), "%q is not a distribution", s)
		}
		return d, wrong
	}
	if kind == Constant {
		return d, nil
	}
	if d.B, wrong = parseValue(b, timed); wrong != nil {
		return d, wrong
	}
	switch {
	case kind == Normal && d.B < 0:
		return d, grammar.Misreadf("write the deviation without a sign", "%q has a negative deviation", s)
	case kind == UniformInt && d.B < d.A:
		return d, grammar.Misreadf("write "+b+".."+a, "the range %q runs backwards", s)
	case kind == UniformInt && (d.A != math.Trunc(d.A) || d.B != math.Trunc(d.B)):
		return d, grammar.Misreadf("write for example 1..3", "the range %q is not of whole numbers", s)
	}
	return d, nil
}

func distExamples(timed bool) string {
	if timed {
		return "12ms, 40ms ± 15ms, 1ms..3ms or {p50: 12ms, p99: 90ms}"
	}
	return "20, 20 ± 5, 1..3 or {p50: 6, p99: 700, max: 5000}"
}

// MarshalJSON writes the distribution as the parser reads it.
func (d Dist) MarshalJSON() ([]byte, error) {
	switch d.Kind {
	case Normal:
		return json.Marshal(d.number(d.A) + " ± " + d.number(d.B))
	case UniformInt:
		return json.Marshal(d.number(d.A) + ".." + d.number(d.B))
	case LogNormal:
		form := struct {
			P50 json.RawMessage `json:"p50"`
			P99 json.RawMessage `json:"p99"`
			Max json.RawMessage `json:"max,omitempty"`
		}{P50: d.json(d.A), P99: d.json(d.B)}
		if d.Max > 0 {
			form.Max = d.json(d.Max)
		}
		return json.Marshal(form)
	case Piecewise:
		var form []string
		for i, k := range knots() {
			if d.Knots[i] > 0 {
				form = append(form, strconv.Quote(k.key)+":"+string(d.json(d.Knots[i])))
			}
		}
		return []byte("{" + strings.Join(form, ",") + "}"), nil
	default:
		return d.json(d.A), nil
	}
}

func (d Dist) number(f float64) string {
	if d.Time {
		return Duration(time.Duration(f)).String()
	}
	return grammar.FormatNumber(f)
}

func (d Dist) json(f float64) json.RawMessage {
	if d.Time {
		return json.RawMessage(strconv.Quote(d.number(f)))
	}
	return json.RawMessage(d.number(f))
}

// String writes the distribution for people.
func (d Dist) String() string {
	text, err := d.MarshalJSON()
	if err != nil {
		return "?"
	}
	return strings.NewReplacer(`"`, "", ":", ": ", ",", ", ").Replace(string(text))
}
