// Package bodies malforms the body of a request.
package bodies

import "github.com/spanstorm/spanstorm/scenarios"

// Apply returns body as the fault leaves it. What is at the end of dst is the
// body; the result is dst with that end malformed, or replaced. It depends on its
// arguments alone; key is what may be random about it. from is where in dst the
// body begins.
func Apply(dst []byte, from int, f *scenarios.Fault, key uint64) []byte {
	return dst
}
