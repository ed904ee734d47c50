package values

import (
	"math"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// sizePattern is what sizes look like.
const sizePattern = `\s*\+?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*(B|KB|MB|GB)\s*`

// Size is a number of bytes, written with a unit: 64MB. KB is 1000 bytes.
type Size int64

// sizeUnit is a unit of sizes.
type sizeUnit struct {
	name  string
	bytes int64
}

// sizeUnits are the units of sizes, the largest first.
func sizeUnits() []sizeUnit {
	return []sizeUnit{{"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1}}
}

// MaxSize bounds what may be asked for: 64 GB.
const MaxSize = 64_000_000_000

// ParseSize reads a size, above 0 and up to [MaxSize].
func ParseSize(text string) (Size, *grammar.Misread) {
	text = strings.TrimSpace(text)
	for _, unit := range sizeUnits() {
		number, ok := strings.CutSuffix(text, unit.name)
		number = strings.TrimSpace(number)
		if !ok || !grammar.IsNumber(number) {
			continue
		}
		f, wrong := grammar.ParseNumber(number)
		if wrong != nil {
			return 0, wrong
		}
		if f *= float64(unit.bytes); f < 1 || f > MaxSize {
			return 0, grammar.Misreadf("write for example 2KB or 64MB; the most is 64GB", "%q is out of range", text)
		}
		return Size(math.Round(f)), nil
	}
	return 0, grammar.Misreadf("write for example 2KB or 64MB", "%q is not a size", text)
}

// String writes the size in the largest unit of which it is a whole number.
func (s Size) String() string {
	for _, unit := range sizeUnits() {
		if int64(s)%unit.bytes == 0 && s > 0 {
			return strconv.FormatInt(int64(s)/unit.bytes, 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// MarshalText writes the size as the parser reads it.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
