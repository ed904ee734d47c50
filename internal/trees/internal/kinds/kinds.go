// Package kinds holds the kinds of spans that can be made up, each with the name
// that tracers give it. It draws nothing and knows nothing of trees.
package kinds

import (
	"maps"
	"slices"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Kind is a kind of spans that can be made up.
type Kind struct {
	Type, Name string
	Share      float64
	Calls      bool // such spans may call others
}

// Of is the kind of a span type.
func Of(typ string) Kind {
	k := Kind{Type: typ, Name: typ + ".query"}
	switch typ {
	case "web", "http":
		k.Name, k.Calls = "http.request", true
	case "rpc", "grpc":
		k.Name, k.Calls = "grpc.server", true
	case "sql", "db":
		k.Name = "postgres.query"
	case "cache", "redis":
		k.Name = "redis.command"
	case "dynamodb":
		k.Name = "dynamodb.command"
	case "queue":
		k.Name = "kafka.consume"
	}
	return k
}

// Mix are the kinds of a mix of types, with one at least that calls. Without a
// mix they are those of the wild.
func Mix(types scenarios.Mix) []Kind {
	if types == nil {
		types = scenarios.Mix{"cache": 0.37, "web": 0.33, "rpc": 0.28, "db": 0.02}
	}
	var all []Kind
	caller := false
	for _, typ := range slices.Sorted(maps.Keys(types)) {
		k := Of(typ)
		k.Share = float64(types[typ])
		caller = caller || k.Calls
		all = append(all, k)
	}
	if !caller { // roots are of some service that calls
		all = append(all, Of("web"))
	}
	return all
}
