package trees

import (
	"fmt"
	"testing"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Resources of a pattern are as many and as skewed as the scenario says.
func TestResourcesOfAPattern(t *testing.T) {
	for _, tt := range []struct {
		skew                    scenarios.Skew
		cardinality             uint64
		first, distinct         int // at least
		firstMost, distinctMost int // at most
	}{
		{scenarios.Uniform, 100, 5, 100, 60, 100},
		{scenarios.Uniform, 1e9, 0, 1990, 1, 2000},
		// Zipf's law gives the first of 100 a share of 1/H(100) ≈ 0.19, of a billion about 0.047.
		{scenarios.Zipf, 100, 300, 80, 480, 100},
		{scenarios.Zipf, 1e9, 50, 1000, 150, 1900},
	} {
		s := &scenarios.Scenario{Seed: 1, Services: map[string]*scenarios.Service{"a": {Operations: map[string]*scenarios.Operation{"o": {
			Name: "http.request", Type: "web", Duration: ms(1, 2),
			Resource: scenarios.Resource{Pattern: "GET /items/{n}", Cardinality: tt.cardinality, Skew: tt.skew},
		}}}}}
		c, err := NewCatalogue(s, Reserved{})
		if err != nil {
			t.Fatal(err)
		}
		src, err := c.Source(&scenarios.Shape{Name: "s", Entry: "a.o"})
		if err != nil {
			t.Fatal(err)
		}
		d, counts := NewDresser(c), map[string]int{}
		for i := range 2000 {
			spans, err := d.Spans(src, i)
			if err != nil {
				t.Fatal(err)
			}
			var n uint64
			if _, err := fmt.Sscanf(spans[0].Resource, "GET /items/%d", &n); err != nil || n >= tt.cardinality {
				t.Fatalf("resource %q: %v", spans[0].Resource, err)
			}
			tags := tagsOf(&spans[0])
			if _, ok := tags["http.route"]; ok || tags["http.url"] != fmt.Sprintf("http://a.internal/items/%d", n) {
				t.Fatalf("%s has the URL %s, route known: %v", spans[0].Resource, tags["http.url"], ok)
			}
			counts[spans[0].Resource]++
		}
		if n := counts["GET /items/0"]; n < tt.first || n > tt.firstMost {
			t.Errorf("%s of %d: the first is drawn %d times of 2000", tt.skew, tt.cardinality, n)
		}
		if n := len(counts); n < tt.distinct || n > tt.distinctMost {
			t.Errorf("%s of %d: %d distinct ones of 2000", tt.skew, tt.cardinality, n)
		}
	}
}
