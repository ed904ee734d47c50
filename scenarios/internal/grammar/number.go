package grammar

import (
	"fmt"
	"math"
	"strconv"
)

// Misread is what is wrong with a text, and what to write instead.
type Misread struct{ Message, Hint string }

// Misreadf makes a Misread of a hint and a message.
func Misreadf(hint, format string, args ...any) *Misread {
	return &Misread{Message: fmt.Sprintf(format, args...), Hint: hint}
}

// IsNumber says that s is a decimal number, such as -1.5e3. Unlike strconv it
// knows no hexadecimal, no underscores, no infinity.
func IsNumber(s string) bool {
	n := NumberLen(s)
	return n > 0 && n == len(s)
}

// NumberLen is the length of the decimal number that s begins with; 0: none.
func NumberLen(s string) int {
	i := 0
	digits := func() bool {
		from := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	if !digits() {
		return 0
	}
	if end := i; i+1 < len(s) && s[i] == '.' {
		i++
		if !digits() {
			return end // as in 1..3
		}
	}
	if end := i; i+1 < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if s[i] == '-' || s[i] == '+' {
			i++
		}
		if !digits() {
			return end
		}
	}
	return i
}

// maxNumber bounds plain numbers, far below where whole ones stop being exact.
const maxNumber = 1e15

// ParseNumber reads a plain number.
func ParseNumber(s string) (float64, *Misread) {
	if !IsNumber(s) {
		return 0, Misreadf("write for example 20 or 0.5", "%q is not a number", s)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(f) > maxNumber {
		return 0, Misreadf("the largest is 1e15", "%q is too large", s)
	}
	return f, nil
}

// FormatNumber is the shortest text that parses to the same number again.
func FormatNumber(f float64) string {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e17) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// RoundUp writes a large number for people.
func RoundUp(f float64) string {
	if f >= 1e15 {
		return fmt.Sprintf("%.0e", f)
	}
	return FormatNumber(math.Ceil(f))
}
