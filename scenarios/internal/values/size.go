package values

import (
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// Size is a number of bytes: `2KB` or `512`, with KB = 1000 bytes.
type Size int

const (
	sizePattern = `\s*[0-9]+(\.[0-9]+)?\s*(B|KB|MB)?\s*`
	sizeHint    = "write for example 512, 2KB or 0.5MB"
)

// String writes the size as the parser reads it.
func (s Size) String() string {
	switch {
	case s >= 1e6 && s%1e3 == 0:
		return strconv.FormatFloat(float64(s)/1e6, 'f', -1, 64) + "MB"
	case s >= 1e3 && s%10 == 0:
		return strconv.FormatFloat(float64(s)/1e3, 'f', -1, 64) + "KB"
	}
	return strconv.Itoa(int(s)) + "B"
}

// MarshalText implements [encoding.TextMarshaler].
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSize reads 512, 512B, 2KB or 0.5MB, up to a gigabyte.
func ParseSize(text string) (Size, *grammar.Misread) {
	number, factor := strings.TrimSpace(text), 1.0
	for _, unit := range []struct {
		name   string
		factor float64
	}{{"KB", 1e3}, {"MB", 1e6}, {"B", 1}} {
		if head, ok := strings.CutSuffix(number, unit.name); ok {
			number, factor = strings.TrimSpace(head), unit.factor
			break
		}
	}
	f, err := strconv.ParseFloat(number, 64)
	switch {
	case !grammar.IsNumber(number) || err != nil || strings.ContainsAny(number, "eE+-"):
		return 0, grammar.Misreadf(sizeHint, "%q is not a size", text)
	case f*factor > 1e9:
		return 0, grammar.Misreadf(sizeHint, "%q is more than a gigabyte", text)
	}
	return Size(f*factor + 0.5), nil
}

func sizeSchema(*grammar.Builder, grammar.Rule) *jsonschema.Schema {
	return grammar.AnyOf(&jsonschema.Schema{Type: "number", Minimum: new(0.0)}, grammar.Pattern(sizePattern))
}
