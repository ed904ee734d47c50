package scenarios

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestLibraryParses(t *testing.T) {
	files, err := fs.Glob(library, "library/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got := len(Library()); got != len(files) || got < 6 {
		t.Errorf("Library lists %d scenarios of %d files, want all of them, and 6 at least", got, len(files))
	}
	for _, b := range Library() {
		s, err := Load(b.Name, nil)
		if err != nil {
			t.Errorf("%s:\n%v", b.Name, err)
			continue
		}
		if s.Name != b.Name || b.Description == "" || s.Description != b.Description {
			t.Errorf("%s: name %q, description %q, listed as %q", b.Name, s.Name, s.Description, b.Description)
		}
		if !strings.HasPrefix(string(b.Source), "# ") || len(s.Expect) == 0 {
			t.Errorf("%s: lacks a comment at its head or expectations", b.Name)
		}
	}
}

// A scenario of a published problem says where it was published, what to look for, and
// what an agent without it does.
func TestBugsSayWhatTheyAre(t *testing.T) {
	report := regexp.MustCompile(`\b[A-Za-z0-9-]+/[A-Za-z0-9._-]+#\d+\b`)
	bugs := Bugs()
	if len(bugs) < 12 {
		t.Errorf("%d scenarios, want a dozen at least", len(bugs))
	}
	for _, b := range bugs {
		s, err := Load(b.Name, nil)
		if err != nil {
			t.Errorf("%s:\n%v", b.Name, err)
			continue
		}
		if "bugs/"+s.Name != b.Name || !strings.HasPrefix(string(b.Source), "# ") || len(s.Expect) == 0 {
			t.Errorf("%s: name %q, or it lacks a comment at its head, or expectations", b.Name, s.Name)
		}
		if !report.MatchString(s.Description) || !strings.Contains(s.Description, "Look at ") {
			t.Errorf("%s: the description names no report, or nothing to look at: %s", b.Name, s.Description)
		}
	}
}

// meanSpans is the mean number of spans per trace over the shapes.
func meanSpans(s *Scenario) float64 {
	v := &validator{s: s, ops: map[string]*Operation{}}
	for name, service := range s.Services {
		for key, op := range service.Operations {
			v.ops[name+"."+key] = op
		}
	}
	counts, sum, weights := v.spanCounts(), 0.0, 0.0
	for _, shape := range s.Shapes {
		mean := counts[shape.Entry].mean
		if shape.Statistical != nil {
			mean = shape.Statistical.Spans.Mean()
		}
		sum += shape.Weight * mean
		weights += shape.Weight
	}
	return sum / weights
}

func TestLibraryIsWhatItSays(t *testing.T) {
	load := func(name string) *Scenario {
		s, err := Load(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	total := func(s *Scenario) (d time.Duration) {
		for _, p := range s.Load {
			d += time.Duration(p.For)
		}
		return d
	}
	shop := load("web-shop")
	if m := meanSpans(shop); m < 8 || m > 12 {
		t.Errorf("web-shop has %.2f spans per trace on average, want 8 to 12", m)
	}
	if n := len(shop.Services); n < 12 {
		t.Errorf("web-shop has %d services, want a dozen", n)
	}
	if d := total(shop); d != 20*time.Second {
		t.Errorf("web-shop takes %s, want 20s", d)
	}
	if m := meanSpans(load("batch-job")); m < 9000 || m > 11000 {
		t.Errorf("batch-job has %.0f spans per trace on average, want about 10,000", m)
	}
	if d := total(load("smoke")); d != 2*time.Second {
		t.Errorf("smoke takes %s, want 2s", d)
	}
	for _, p := range load("services-only").Load {
		if p.Send != "services" {
			t.Errorf("services-only sends %s in phase %s", p.Send, p.Name)
		}
	}
}

// The settings that the head of web-shop proposes.
func TestWebShopSettings(t *testing.T) {
	s, err := Load("web-shop", []string{"api=v0.3", "encoding=json", "load.ramp.rate=50/s", "load.hold.rate=50/s"})
	if err != nil {
		t.Fatal(err)
	}
	if s.API != V03 || s.Encoding != JSON || s.Load[1].Rate.To.PerS != 50 || s.Load[2].Rate.From.PerS != 50 {
		t.Errorf("got %s %s %v %v", s.API, s.Encoding, s.Load[1].Rate, s.Load[2].Rate)
	}
}
