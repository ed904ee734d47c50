// Package values holds the values of the scenario language: durations, shares,
// distributions, rates; how each is written, read, and described by a schema.
//
// What may live here: one value by itself. What may not: keys, defaults, and what
// one value has to do with another.
package values

import (
	"reflect"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// Types says how the values are written.
func Types() map[reflect.Type]grammar.Type {
	return map[reflect.Type]grammar.Type{
		reflect.TypeFor[Duration](): {
			Read:    grammar.Scalar("a duration", "write for example 250ms, 10s or 1m30s", ParseDuration),
			Pattern: durationPattern,
		},
		reflect.TypeFor[Share](): {
			Read:   grammar.Scalar("a share", "write 5% or 0.05", ParseShare),
			Schema: shareSchema,
		},
		reflect.TypeFor[Factor](): {
			Read:    grammar.Scalar("a factor", "write for example 5x or 1.5x", ParseFactor),
			Pattern: factorPattern,
		},
		reflect.TypeFor[CPUs](): {
			Read:   grammar.Scalar("a number of CPUs", "write for example 50% or 2", ParseCPUs),
			Schema: cpusSchema,
		},
		reflect.TypeFor[Quantity](): {
			Read:    grammar.Scalar("a rate", rateHint, ParseQuantity),
			Pattern: quantityPattern,
			Leaf:    true,
		},
		reflect.TypeFor[Rate](): {
			Read:    grammar.Scalar("a rate", "write for example 500/s, 100/s..2000/s or max", ParseRate),
			Pattern: ratePattern,
			Leaf:    true,
		},
		reflect.TypeFor[Dist](): {Read: grammar.Reads(readDist), Schema: distSchema, Mapping: reflect.TypeFor[parts]()},
		reflect.TypeFor[Size](): {Read: grammar.Scalar("a size", "write for example 2KB or 64MB", ParseSize), Pattern: sizePattern},
	}
}
