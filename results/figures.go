package results

import (
	"math"
	"strconv"
	"strings"
)

// The functions here write figures for people, the same way in judgements and
// in every report: three or four significant digits, a unit, thousands separated.

// FormatDuration writes nanoseconds with the unit that fits: 850ns, 41.2µs, 12.3ms, 1.25s, 3m20s.
func FormatDuration(ns float64) string {
	switch abs := math.Abs(ns); {
	case math.IsNaN(ns) || math.IsInf(ns, 0):
		return "–"
	case abs < 1:
		return "0"
	case abs < 999.5:
		return significant(ns) + "ns"
	case abs < 999.5e3:
		return significant(ns/1e3) + "µs"
	case abs < 999.5e6:
		return significant(ns/1e6) + "ms"
	case abs < 99.95e9:
		return significant(ns/1e9) + "s"
	default:
		s := int64(math.Round(ns / 1e9))
		sign := ""
		if s < 0 {
			sign, s = "-", -s
		}
		if s < 3600 {
			return sign + strconv.FormatInt(s/60, 10) + "m" + twoDigits(s%60) + "s"
		}
		return sign + strconv.FormatInt(s/3600, 10) + "h" + twoDigits(s%3600/60) + "m"
	}
}

func twoDigits(n int64) string {
	if n < 10 {
		return "0" + strconv.FormatInt(n, 10)
	}
	return strconv.FormatInt(n, 10)
}

// significant writes x with three significant digits, at most two after the point.
func significant(x float64) string {
	digits := 2
	switch abs := math.Abs(x); {
	case abs >= 99.95:
		digits = 0
	case abs >= 9.995:
		digits = 1
	}
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// FormatCount writes a whole number with thousands separated by commas.
func FormatCount(n uint64) string {
	s := strconv.FormatUint(n, 10)
	if len(s) <= 3 {
		return s
	}
	var b strings.Builder
	head := len(s) % 3
	b.WriteString(s[:head])
	for i := head; i < len(s); i += 3 {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(s[i : i+3])
	}
	return b.String()
}

// FormatBytes writes a size in decimal units: 512 B, 1.23 kB, 45.6 MB.
func FormatBytes(n float64) string {
	unit := 0
	units := []string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}
	for math.Abs(n) >= 999.5 && unit < len(units)-1 {
		n /= 1000
		unit++
	}
	return significant(n) + " " + units[unit]
}

// FormatRate writes things per second without their unit: 0.25, 41.7, 1,998.
func FormatRate(perS float64) string {
	if math.IsNaN(perS) || math.IsInf(perS, 0) {
		return "–"
	}
	if perS >= 999.5 && perS < math.MaxUint32 {
		return FormatCount(uint64(math.Round(perS)))
	}
	return significant(perS)
}

// FormatPercent writes part of whole in percent. It never rounds a loss away:
// 100% and 0% are written only when they are exact.
func FormatPercent(part, whole float64) string {
	if whole <= 0 || math.IsNaN(part/whole) {
		return "–"
	}
	p := 100 * part / whole
	switch {
	case part == 0:
		return "0%"
	case part == whole:
		return "100%"
	case p > 0 && p < 0.0001:
		return "<0.0001%"
	case p > 99.9999 && p < 100:
		return ">99.9999%"
	}
	// As many digits as keep it apart from 0 and from 100.
	near := math.Min(math.Abs(p), math.Abs(100-p))
	digits := 1
	for limit := 1.0; near < limit && digits < 4; limit /= 10 {
		digits++
	}
	s := strconv.FormatFloat(p, 'f', digits, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	return s + "%"
}
