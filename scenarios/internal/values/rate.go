package values

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// Unit is what a rate counts.
type Unit string

// The units of rates. Bytes are bytes of bodies.
const (
	Requests Unit = "requests"
	Traces   Unit = "traces"
	Spans    Unit = "spans"
	Bytes    Unit = "bytes"
)

// Quantity is a number of units per second. In YAML: `NUMBER[ traces| spans| B| KB| MB| GB]/s|m|h`,
// with KB = 1000 bytes.
type Quantity struct {
	PerS float64
	Unit Unit
}

// Rate is constant (From = To), a linear ramp, or `max` (closed loop). In YAML `A`, `A..B`, `max`.
type Rate struct {
	From, To Quantity // one unit
	Max      bool
}

// scale is one way to write a unit.
type scale struct {
	name string
	unit Unit
	by   float64
}

// scales lists the ways to write units, larger ones of a unit first.
func scales() []scale {
	return []scale{
		{"", Requests, 1}, {"requests", Requests, 1}, {"traces", Traces, 1}, {"spans", Spans, 1},
		{"GB", Bytes, 1e9}, {"MB", Bytes, 1e6}, {"KB", Bytes, 1e3}, {"B", Bytes, 1},
	}
}

// HighestRate is the highest rate of a unit that a scenario may ask for.
func HighestRate(u Unit) float64 {
	switch u {
	case Bytes:
		return 100e9
	case Spans, Traces:
		return 1e9
	default:
		return 10e6
	}
}

// String writes the quantity as the parser reads it, in the largest unit that is exact.
func (q Quantity) String() string {
	for _, s := range scales() {
		n := q.PerS / s.by
		if s.unit != q.Unit || s.by > 1 && (n < 1 || n*s.by != q.PerS) {
			continue
		}
		if s.name == "" {
			return grammar.FormatNumber(n) + "/s"
		}
		return grammar.FormatNumber(n) + " " + s.name + "/s"
	}
	return grammar.FormatNumber(q.PerS) + "/s"
}

// MarshalText writes the quantity as the parser reads it.
func (q Quantity) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

const rateHint = "write for example 500/s, 1000 spans/s or 5 MB/s"

// ParseQuantity reads `NUMBER[ UNIT]/s|m|h`.
func ParseQuantity(s string) (Quantity, *grammar.Misread) {
	s = strings.TrimSpace(s)
	n := grammar.NumberLen(s)
	if n == 0 {
		return Quantity{}, grammar.Misreadf(rateHint, "%q is not a rate", s)
	}
	number, err := strconv.ParseFloat(s[:n], 64)
	if err != nil {
		return Quantity{}, grammar.Misreadf(rateHint, "%q is out of range", s)
	}
	name, per, ok := strings.Cut(s[n:], "/")
	if !ok {
		return Quantity{}, grammar.Misreadf(withTime(s[:n], strings.TrimSpace(s[n:])), "%q says nothing of time", s)
	}
	seconds := map[string]float64{"s": 1, "m": 60, "h": 3600}[strings.TrimSpace(per)]
	if seconds == 0 {
		return Quantity{}, grammar.Misreadf("use /s, /m or /h", "%q is per %q, which is no time known here", s, strings.TrimSpace(per))
	}
	name = strings.TrimSpace(name)
	for _, scale := range scales() {
		if scale.name == name {
			return Quantity{PerS: number * scale.by / seconds, Unit: scale.unit}, nil
		}
	}
	if slices.Contains([]string{"req", "reqs"}, strings.ToLower(name)) {
		return Quantity{}, grammar.Misreadf("did you mean "+s[:n]+"/"+strings.TrimSpace(per)+"?", "%q counts %q, which is no unit of a rate", s, name)
	}
	hint := "use requests, traces, spans, B, KB, MB or GB"
	if near := grammar.Nearest(name, []string{"requests", "traces", "spans", "KB", "MB", "GB"}); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return Quantity{}, grammar.Misreadf(hint, "%q counts %q, which is no unit of a rate", s, name)
}

// withTime is the remedy for a rate without a time: what other tools abbreviate
// is written out, and what is no unit here is not suggested.
func withTime(number, name string) string {
	switch strings.ToLower(name) {
	case "rps", "qps", "req", "reqs", "requests", "hz":
		return "did you mean " + number + "/s?"
	case "rpm", "qpm":
		return "did you mean " + number + "/m?"
	case "rph":
		return "did you mean " + number + "/h?"
	}
	for _, scale := range scales() {
		switch {
		case name == "":
			return "add the time, as in " + number + "/s"
		case scale.name == name:
			return "add the time, as in " + number + " " + name + "/s"
		}
	}
	return rateHint
}

// String writes the rate as the parser reads it.
func (r Rate) String() string {
	switch {
	case r.Max:
		return "max"
	case r.From == r.To:
		return r.From.String()
	default:
		return r.From.String() + ".." + r.To.String()
	}
}

// MarshalText writes the rate as the parser reads it.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// ParseRate reads a quantity, a ramp A..B, or max.
func ParseRate(s string) (Rate, *grammar.Misread) {
	s = strings.TrimSpace(s)
	if s == "max" {
		return Rate{Max: true}, nil
	}
	a, b, ramp := strings.Cut(s, "..")
	if !ramp {
		q, wrong := ParseQuantity(a)
		if wrong != nil && wrong.Hint == rateHint {
			wrong.Hint = "write for example 500/s, 100/s..2000/s, 1000 spans/s or max"
		}
		return Rate{From: q, To: q}, wrong
	}
	if _, rest, ok := strings.Cut(b, "/"); ok && grammar.IsNumber(strings.TrimSpace(a)) {
		return Rate{}, grammar.Misreadf("write the unit on both sides, as in "+strings.TrimSpace(a)+"/"+rest+".."+b, "the ramp %q begins without a unit", s)
	}
	from, wrong := ParseQuantity(a)
	if wrong != nil {
		return Rate{}, wrong
	}
	to, wrong := ParseQuantity(b)
	if wrong != nil {
		return Rate{}, wrong
	}
	if from.Unit != to.Unit {
		return Rate{}, grammar.Misreadf("use one unit on both sides", "the ramp %q goes from %s to %s", s, from.Unit, to.Unit)
	}
	return Rate{From: from, To: to}, nil
}
