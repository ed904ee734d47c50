package scenarios

import (
	"fmt"

	"github.com/spanstorm/spanstorm/scenarios/internal/faults"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
	"github.com/spanstorm/spanstorm/scenarios/internal/values"
)

// Fault is one kind of fault and how often it is met.
type Fault = faults.Fault

// The values of the language, each of which reads back what it writes.
type (
	// Duration is a time.Duration written as in Go ("1m30s").
	Duration = values.Duration
	// Share is a probability: `5%` or `0.05`.
	Share = values.Share
	// Factor is how many times as long something takes: `5x`.
	Factor = values.Factor
	// Dist is a distribution of counts, durations (ns) or plain numbers. To cut
	// means to clamp: what would lie beyond the cut lies on it. Quantile, Mean
	// and Most say what it draws.
	Dist = values.Dist
	// DistKind is the form of a distribution.
	DistKind = values.DistKind
	// Unit is what a rate counts.
	Unit = values.Unit
	// Quantity is a number of units per second.
	// In YAML: `NUMBER[ traces| spans| B| KB| MB| GB]/s|m|h`, with KB = 1000 bytes.
	Quantity = values.Quantity
	// Rate is constant (From = To), a linear ramp, or `max` (closed loop). In YAML `A`, `A..B`, `max`.
	Rate = values.Rate
	// Mix are shares by name, which add up to 1: of span types, or of numbers of
	// calls (2, or 3..9).
	Mix = values.Mix
	// Size is a number of bytes: `64MB`, with KB = 1000 bytes.
	Size = values.Size
	// CPUs is how many CPUs something may use: `2`, or `50%` of one.
	CPUs = values.CPUs
)

// The forms of distributions. Parameters are in nanoseconds for durations.
const (
	Constant   = values.Constant   // A
	Normal     = values.Normal     // mean A, standard deviation B, cut at 0: `a ± b`
	LogNormal  = values.LogNormal  // median A, 99th percentile B, cut at Max when Max > 0: `{p50, p99, max}`
	UniformInt = values.UniformInt // whole numbers A..B, both included: `a..b`
	Piecewise  = values.Piecewise  // through given quantiles, with p50 any of min, p10 … p99_99, max
)

// The units of rates. Bytes are bytes of bodies.
const (
	Requests = values.Requests
	Traces   = values.Traces
	Spans    = values.Spans
	Bytes    = values.Bytes
)

// SpanTypes are the types that spans of a statistical shape may have.
func SpanTypes() []string { return values.SpanTypes() }

// Times reads a name in calls_per_edge: 2 or 3..9, both ends included. ok is
// false for anything else.
func Times(name string) (from, to int, ok bool) { return values.Times(name) }

// ParseShare reads a share as scenarios have it, where it is given outside of one.
func ParseShare(text string) (Share, error) { return outside(values.ParseShare(text)) }

// ParseQuantity reads a rate as scenarios have it, where it is given outside of one.
func ParseQuantity(text string) (Quantity, error) { return outside(values.ParseQuantity(text)) }

// outside is a value with its mistake as an error.
func outside[T any](v T, wrong *grammar.Misread) (T, error) {
	if wrong != nil {
		return v, fmt.Errorf("%s; %s", wrong.Message, wrong.Hint)
	}
	return v, nil
}
