package values

import (
	"strconv"
	"strings"
)

// Mix are shares by name, which add up to 1.
type Mix map[string]Share

// SpanTypes are the names in a mix of types of spans: those that can be made up,
// as Datadog's tracers call them.
func SpanTypes() []string {
	return []string{"web", "http", "rpc", "grpc", "sql", "db", "cache", "redis", "memcached", "mongodb", "cassandra", "elasticsearch", "dynamodb", "queue"}
}

// TimesPattern is what the names in a mix of numbers of calls look like.
const TimesPattern = `[1-9][0-9]{0,5}(\.\.[1-9][0-9]{0,5})?`

// Times reads such a name: 2 or 3..9, both ends included. ok is false for
// anything else.
func Times(name string) (from, to int, ok bool) {
	a, b, isRange := strings.Cut(name, "..")
	if !isRange {
		b = a
	}
	from, err := strconv.Atoi(a)
	to, errTo := strconv.Atoi(b)
	return from, to, err == nil && errTo == nil && from >= 1 && from <= to
}
