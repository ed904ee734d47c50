package clients

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/scenarios"
)

func TestLanguages(t *testing.T) {
	tests := []struct {
		clients scenarios.Clients
		want    []string
	}{
		{scenarios.Clients{}, []string{"go"}},
		{scenarios.Clients{Count: 2}, []string{"go", "go"}},
		{scenarios.Clients{Count: 1, Languages: map[string]float64{"java": 1}}, []string{"java"}},
		{scenarios.Clients{Count: 10, Languages: map[string]float64{"go": 5, "java": 3, "python": 2}},
			[]string{"go", "go", "go", "go", "go", "java", "java", "java", "python", "python"}},
		{scenarios.Clients{Count: 3, Languages: map[string]float64{"go": 0, "ruby": 7}}, []string{"ruby", "ruby", "ruby"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, languages(tt.clients)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.clients, diff)
		}
	}
}

var (
	uuid4     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	container = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// No two clients, of one fleet or of two, are the same process or in the same
// container, and a client is always the same, however many there are.
func TestClientsAreDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &scenarios.Scenario{Seed: rapid.Uint64Range(0, 1<<40).Draw(t, "seed")}
		s.Clients = scenarios.Clients{Count: rapid.IntRange(1, 300).Draw(t, "count"), Languages: map[string]float64{"go": 1}}
		s.Clients.Containers = scenarios.Share(rapid.Float64Range(0, 1).Draw(t, "containers"))
		fleet := Of(s)
		if diff := cmp.Diff(fleet, Of(s)); diff != "" {
			t.Fatalf("another time it is another fleet:\n%s", diff)
		}
		other := *s
		other.Seed++
		seen, contained := map[string]bool{}, 0
		for _, c := range append(Of(&other), fleet...) {
			if !uuid4.MatchString(c.RuntimeID) || seen[c.RuntimeID] {
				t.Fatalf("runtime id %q: no UUID of version 4, or for the second time", c.RuntimeID)
			}
			if seen[c.RuntimeID] = true; c.ContainerID == "" {
				if c.EntityID() != "" {
					t.Fatalf("an entity without a container: %+v", c)
				}
				continue
			}
			contained++
			if !container.MatchString(c.ContainerID) || seen[c.ContainerID] || c.EntityID() != "ci-"+c.ContainerID || c.Hostname != c.ContainerID[:12] {
				t.Fatalf("container %q for the second time, or in another form; %+v", c.ContainerID, c)
			}
			seen[c.ContainerID] = true
		}
		want := 2 * int(float64(s.Clients.Count)*float64(s.Clients.Containers))
		if contained != want {
			t.Fatalf("%d of twice %d clients are in containers, want %d", contained, s.Clients.Count, want)
		}
		more := *s
		more.Clients.Count++
		if diff := cmp.Diff(fleet, Of(&more)[:len(fleet)]); diff != "" {
			t.Fatalf("one more client changes others:\n%s", diff)
		}
	})
}

// A fleet in each language is mostly at the newest versions, in part at those before.
func TestVersions(t *testing.T) {
	for _, language := range []string{"go", "java", "python", "ruby", "nodejs", "php", "dotnet", "cpp", "rust"} {
		fleet := Of(&scenarios.Scenario{Clients: scenarios.Clients{Count: 70, Languages: map[string]float64{language: 1}}})
		tracers, languages := map[string]int{}, map[string]int{}
		for _, c := range fleet {
			tracers[c.TracerVersion]++
			languages[c.LanguageVersion]++
			if c.Language == "" || c.UserAgent == "" {
				t.Errorf("%s says too little: %+v", language, c)
			}
		}
		first := fleet[0]
		if len(tracers) != 2 || tracers[first.TracerVersion] != 56 || len(languages) != 2 || languages[first.LanguageVersion] != 60 {
			t.Errorf("70 clients of %s have tracers %v and languages %v; want 56 and 60 of the newest", language, tracers, languages)
		}
	}
	cobol := Of(&scenarios.Scenario{Clients: scenarios.Clients{Languages: map[string]float64{"cobol": 1}}})[0]
	if cobol.Language != "cobol" || cobol.LanguageVersion == "" || cobol.TracerVersion == "" {
		t.Errorf("a language of which nothing is known: %+v", cobol)
	}
}
