package values

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// Duration is a time.Duration written as in Go ("1m30s").
type Duration time.Duration

// Share is a probability: `5%` or `0.05`.
type Share float64

// Factor is how many times as long something takes: `5x`.
type Factor float64

// CPUs is how many CPUs something may use: `2`, or `50%` of one.
type CPUs float64

// Bounds of CPUs: the kernel shares a CPU out in hundredths at least.
const (
	minCPUs = 0.01
	maxCPUs = 1024
)

// MaxFactor bounds factors.
const MaxFactor = 10_000

// MaxDuration bounds everything that takes time in a scenario.
const MaxDuration = 30 * 24 * time.Hour

// String writes the duration without trailing zero units: 2m, not 2m0s.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// MarshalText writes the duration as the parser reads it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// ParseDuration reads a duration as Go writes them, up to [MaxDuration].
func ParseDuration(s string) (Duration, *grammar.Misread) {
	if grammar.IsNumber(s) {
		return 0, grammar.Misreadf("give a unit, as in "+s+"s or "+s+"ms", "%q has no unit of time", s)
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, grammar.Misreadf("write for example 250ms, 10s or 1m30s", "%q is not a duration", s)
	}
	if d < 0 {
		return 0, grammar.Misreadf("write it without the sign", "%q is a negative duration", s)
	}
	if d > MaxDuration {
		return 0, grammar.Misreadf("the longest is "+Duration(MaxDuration).String(), "%q is too long", s)
	}
	return Duration(d), nil
}

// String writes the share in percent.
func (s Share) String() string {
	return strconv.FormatFloat(math.Round(float64(s)*1e8)/1e6, 'f', -1, 64) + "%"
}

// ParseShare reads 5% or 0.05, from 0 to 1.
func ParseShare(text string) (Share, *grammar.Misread) {
	number, percent := strings.CutSuffix(text, "%")
	number = strings.TrimSpace(number)
	if !grammar.IsNumber(number) {
		return 0, grammar.Misreadf("write 5% or 0.05", "%q is not a share", text)
	}
	f, err := strconv.ParseFloat(number, 64)
	if percent {
		f /= 100
	}
	switch {
	case err != nil || f < 0:
		return 0, grammar.Misreadf("write 0% to 100%, or 0 to 1", "%q is outside of 0 to 100%%", text)
	case f > 1 && !percent && f <= 100:
		return 0, grammar.Misreadf("did you mean "+number+"%?", "%q is a share above 1", text)
	case f > 1:
		return 0, grammar.Misreadf("write 0% to 100%, or 0 to 1", "%q is above 100%%", text)
	}
	return Share(f), nil
}

// String writes the factor with its x.
func (f Factor) String() string { return strconv.FormatFloat(float64(f), 'f', -1, 64) + "x" }

// MarshalText writes the factor as the parser reads it.
func (f Factor) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// ParseFactor reads 5x, from 1x to [MaxFactor].
func ParseFactor(text string) (Factor, *grammar.Misread) {
	number, times := strings.CutSuffix(text, "x")
	number = strings.TrimSpace(number)
	f, err := strconv.ParseFloat(number, 64)
	switch {
	case !grammar.IsNumber(number) || err != nil:
		return 0, grammar.Misreadf("write for example 5x or 1.5x", "%q is not a factor", text)
	case !times:
		return 0, grammar.Misreadf("write "+number+"x", "%q lacks its x", text)
	case f < 1 || f > MaxFactor:
		return 0, grammar.Misreadf("write 1x to 10000x, for example 5x", "%q is outside of 1x to 10000x", text)
	}
	return Factor(f), nil
}

// String writes whole numbers as they are, and others as a percentage of one CPU.
func (c CPUs) String() string {
	if c >= 1 && c == CPUs(math.Trunc(float64(c))) {
		return strconv.FormatFloat(float64(c), 'f', -1, 64)
	}
	return Share(c).String()
}

// MarshalText writes the CPUs as the parser reads them.
func (c CPUs) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseCPUs reads a number of CPUs, such as 2 or 0.5, or a percentage of one.
func ParseCPUs(text string) (CPUs, *grammar.Misread) {
	number, percent := strings.CutSuffix(text, "%")
	number = strings.TrimSpace(number)
	f, err := strconv.ParseFloat(number, 64)
	if percent {
		f /= 100
	}
	switch {
	case !grammar.IsNumber(number) || err != nil:
		return 0, grammar.Misreadf("write for example 50% or 2", "%q is no number of CPUs", text)
	case f < minCPUs || f > maxCPUs:
		return 0, grammar.Misreadf("write 1% of a CPU to 1024 CPUs, for example 50% or 2", "%q is out of range", text)
	}
	return CPUs(f), nil
}
