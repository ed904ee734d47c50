// Package kinds makes up what spans of a type are called, as tracers name them.
// It draws nothing itself and knows nothing of trees.
package kinds

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Kind is a kind of spans that can be made up.
type Kind struct {
	Type, Name string
	Suffix     string // of the names of its services
	Share      float64
	Calls      bool // such spans may call others
}

// Of is the kind of a span type.
func Of(typ string) Kind {
	k := Kind{Type: typ, Name: typ + ".query", Suffix: typ}
	switch typ {
	case "web", "http":
		k.Name, k.Suffix, k.Calls = "http.request", "api", true
	case "rpc", "grpc":
		k.Name, k.Suffix, k.Calls = "grpc.server", "service", true
	case "sql", "db":
		k.Name, k.Suffix = "postgres.query", "db"
	case "cache", "redis":
		k.Name, k.Suffix = "redis.command", "cache"
	case "memcached":
		k.Suffix = "cache"
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

// Resource makes up what an operation of spans of that name does, of words and
// choices that pick draws: a noun and a verb first.
func Resource(name, service string, nouns, verbs []string, pick func([]string) string) string {
	noun, verb := pick(nouns), pick(verbs)
	switch name {
	case "http.request":
		return fmt.Sprintf("%s /%s/%s", pick([]string{"GET", "GET", "GET", "POST", "PUT"}), noun, verb)
	case "grpc.server":
		return fmt.Sprintf("/%s.%s/%s", service, title(noun), title(verb))
	case "redis.command":
		return fmt.Sprintf("%s %s:?", pick([]string{"GET", "GET", "SET", "MGET", "DEL"}), noun)
	case "memcached.query":
		return fmt.Sprintf("%s %s:?", pick([]string{"get", "get", "get", "set", "delete"}), noun)
	case "postgres.query":
		return fmt.Sprintf("SELECT * FROM %s WHERE %s_id = ?", noun, pick(nouns))
	case "cassandra.query":
		return fmt.Sprintf("SELECT * FROM %s WHERE %s = ?", noun, pick(nouns))
	case "mongodb.query":
		return fmt.Sprintf("%s %s", pick([]string{"find", "find", "insert", "update"}), noun)
	case "elasticsearch.query":
		return fmt.Sprintf("POST /%s/_search", noun)
	case "dynamodb.command":
		return "GetItem " + noun
	}
	return noun + "-" + verb
}

func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
