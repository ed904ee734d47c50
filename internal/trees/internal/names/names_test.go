package names

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// numbers is a small source of numbers, a linear congruential one.
func numbers(seed uint64) Below {
	return func(n int) int {
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed >> 33 % uint64(n))
	}
}

// A system of thousands of services has names enough, and hardly any has to be
// numbered.
func TestServicesAreManyAndBelievable(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+(-[a-z]+){1,4}(-\d+)?$`)
	for _, typ := range []string{"web", "rpc", "sql", "cache", "redis", "memcached", "mongodb", "cassandra", "elasticsearch", "dynamodb", "queue"} {
		below, taken, numbered := numbers(42), map[string]bool{}, 0
		const services = 2500
		for range services {
			for try := 0; ; try++ {
				name := Draw(below).Service(typ, below, try)
				if taken[name] {
					continue
				}
				taken[name] = true
				if !form.MatchString(name) || len(name) > 60 {
					t.Errorf("a service of type %s is called %s", typ, name)
				}
				if try >= Tries {
					numbered++
				}
				break
			}
		}
		if numbered > services/50 {
			t.Errorf("%d of %d services of type %s are numbered", numbered, services, typ)
		}
	}
}

func TestSameNumbersSameNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, typ := rapid.Uint64().Draw(t, "seed"), rapid.SampledFrom([]string{"web", "rpc", "sql", "redis"}).Draw(t, "type")
		a, b := numbers(seed), numbers(seed)
		for try := range 2 * Tries {
			if one, other := Draw(a).Service(typ, a, try), Draw(b).Service(typ, b, try); one != other {
				t.Fatalf("%s and %s", one, other)
			}
		}
	})
}

// Operations of a service differ, whatever the service is about, and are of the
// form that tracers give such resources.
func TestOperationsDiffer(t *testing.T) {
	forms := map[string]*regexp.Regexp{
		"http.request":        regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE) /api/v\d+(/[a-z_-]+|/\{[a-z_]+\})+$`),
		"grpc.server":         regexp.MustCompile(`^/[a-z]+\.v\d+\.[A-Z][A-Za-z]+Service/[A-Z][A-Za-z]+$`),
		"postgres.query":      regexp.MustCompile(`^(SELECT|INSERT INTO|UPDATE|DELETE FROM) .*\b[a-z_]+\b.*\?`),
		"cassandra.query":     regexp.MustCompile(`\?`),
		"redis.command":       regexp.MustCompile(`^[A-Z]+( [a-z_]+(:v\d+)?:\?)?$`),
		"memcached.query":     regexp.MustCompile(`^[a-z_]+( [a-z_]+(:v\d+)?:\?)?$`),
		"mongodb.query":       regexp.MustCompile(`^[a-zA-Z]+ [a-z_0-9]+$`),
		"elasticsearch.query": regexp.MustCompile(`^(GET|POST|PUT) /[a-z_0-9]+/_[a-z]+`),
		"dynamodb.command":    regexp.MustCompile(`^[A-Za-z]+ [a-z_0-9]+$`),
		"kafka.consume":       regexp.MustCompile(`^Consume Topic [a-z-]+\.[a-z]+(\.v\d+)?$`),
		"job.run":             regexp.MustCompile(`^[a-z-]+\.[a-z]+(\.\d+)?$`),
	}
	for seed := range uint64(12) {
		s := Draw(numbers(seed))
		for span, form := range forms {
			seen := map[string]int{}
			for j := range 400 {
				text := s.Operation(span, j)
				if first, ok := seen[text]; ok {
					t.Fatalf("operations %d and %d of %v are both %s", first, j, s, text)
				}
				seen[text] = j
				if !form.MatchString(text) || strings.Contains(text, "%!") {
					t.Fatalf("operation %d of %v is %s", j, s, text)
				}
			}
		}
	}
}

func TestOwn(t *testing.T) {
	for service, want := range map[string]string{
		"orders-api": "Order", "address": "Address", "status_cache": "Status", "404": "App", "x": "X", "sms-gateway": "Sms", "Büro": "Bro",
	} {
		if got := Own(service, numbers(1)); !strings.HasPrefix(got, want) {
			t.Errorf("code of %s is called %s", service, got)
		}
	}
}
