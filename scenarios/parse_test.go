package scenarios

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
	"github.com/spanstorm/spanstorm/scenarios/internal/values"
)

const least = `services:
  web:
    operations:
      home: {name: http.request, resource: GET /, duration: 5ms}
shapes: [{entry: web.home}]
load: [{rate: 100/s, for: 10s}]
`

func TestLeastScenarioAndDefaults(t *testing.T) {
	got, err := Parse("dir/my shop.yaml", []byte(least), nil)
	if err != nil {
		t.Fatal(err)
	}
	rate := Quantity{PerS: 100, Unit: Requests}
	want := &Scenario{
		Name: "my-shop", Seed: 1, API: V04, Encoding: Msgpack, TracesPerRequest: Dist{A: 1}, RealHTTPStatus: true,
		Clients:   Clients{Count: 1, Languages: map[string]float64{"go": 1}, Containers: 1, FlushJitter: 0.1, Backoff: Duration(100 * time.Millisecond)},
		LateLimit: Duration(10 * time.Millisecond), MaxInFlight: 2000, Timeout: Duration(10 * time.Second),
		Services: map[string]*Service{"web": {App: "my-shop", Type: "web", Operations: map[string]*Operation{
			"home": {Name: "http.request", Resource: Resource{Values: []string{"GET /"}}, Type: "web", Duration: Dist{A: 5e6, Time: true}},
		}}},
		Shapes: []Shape{{Name: "web.home", Weight: 1, Entry: "web.home", Priority: map[string]Share{"1": 1}}},
		Load:   []Phase{{Name: "phase-1", Rate: &Rate{From: rate, To: rate}, For: Duration(10 * time.Second), Send: "traces"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestDefaultsThatDependOnOthers(t *testing.T) {
	s, err := Parse("x.yaml", []byte(strings.Replace(least, "load: [{rate: 100/s, for: 10s}]", `load:
  - {steps: {from: 10/s, to: 45/s, by: 10/s, every: 3s}}
  - {name: flat-out, rate: max, for: 1s}
`, 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Load[0].For; got != Duration(15*time.Second) { // 10, 20, 30, 40, 45
		t.Errorf("five steps of 3s take %s", got)
	}
	if s.Load[0].Name != "phase-1" || s.Load[1].Connections != 8 {
		t.Errorf("got %+v", s.Load)
	}
}

// Forms of values, and what the scenario writes for them again.
func TestForms(t *testing.T) {
	type form struct{ in, out string }
	check := func(name string, forms []form, read func(string) (any, *grammar.Misread)) {
		for _, f := range forms {
			v, wrong := read(f.in)
			if f.out == "" {
				if wrong == nil {
					t.Errorf("%s %q is read as %v", name, f.in, v)
				} else if wrong.Message == "" || wrong.Hint == "" {
					t.Errorf("%s %q: message %q, hint %q", name, f.in, wrong.Message, wrong.Hint)
				}
				continue
			}
			if wrong != nil {
				t.Errorf("%s %q: %s", name, f.in, wrong.Message)
				continue
			}
			out, err := json.Marshal(v)
			if got := strings.Trim(string(out), `"`); err != nil || got != f.out {
				t.Errorf("%s %q is written as %s, want %s (%v)", name, f.in, got, f.out, err)
			}
		}
	}
	check("duration", []form{{"12ms", "12ms"}, {"1m30s", "1m30s"}, {"90s", "1m30s"}, {"120s", "2m"}, {"2h", "2h"}, {"300us", "300µs"},
		{"", ""}, {"12", ""}, {"-1s", ""}, {"1 s", ""}, {"1d", ""}, {"9999h", ""}},
		func(s string) (any, *grammar.Misread) { return values.ParseDuration(s) })
	check("share", []form{{"5%", "0.05"}, {"0.5%", "0.005"}, {"0.05", "0.05"}, {"100 %", "1"}, {"1", "1"}, {"0", "0"},
		{"1.5", ""}, {"120%", ""}, {"-1%", ""}, {"half", ""}, {"%", ""}, {"NaN", ""}, {"0x1", ""}},
		func(s string) (any, *grammar.Misread) { return values.ParseShare(s) })
	check("size", []form{{"2KB", "2KB"}, {"512B", "512B"}, {"0.5 MB", "500KB"}, {"1234B", "1234B"}, {"2000MB", "2GB"}, {"64GB", "64GB"},
		{"512", ""}, {"2kb", ""}, {"-1B", ""}, {"0B", ""}, {"KB", ""}, {"65GB", ""}},
		func(s string) (any, *grammar.Misread) { return values.ParseSize(s) })
	check("rate", []form{{"100/s", "100/s"}, {"100/s..2000/s", "100/s..2000/s"}, {"max", "max"}, {"1000 spans/s", "1000 spans/s"}, {"5 MB/s", "5 MB/s"},
		{"5MB/s", "5 MB/s"}, {"1500 KB/s", "1.5 MB/s"}, {"120/m", "2/s"}, {"7200/h", "2/s"}, {"0.5/s", "0.5/s"}, {"1e3/s", "1000/s"}, {"20 traces / s", "20 traces/s"},
		{"3 requests/s", "3/s"}, {"0/s..10/s", "0/s..10/s"}, {"12.5 B/s", "12.5 B/s"},
		{"100", ""}, {"100/d", ""}, {"/s", ""}, {"fast", ""}, {"100/s..", ""}, {"..100/s", ""}, {"100..200/s", ""}, {"1/s..2 spans/s", ""}, {"5 mb/s", ""}, {"1e999/s", ""}, {"Inf/s", ""}},
		func(s string) (any, *grammar.Misread) { return values.ParseRate(s) })
	check("count", []form{{"20", "20"}, {"20 ± 5", "20 ± 5"}, {"20+-5", "20 ± 5"}, {"1..3", "1..3"}, {"-1.5", "-1.5"}, {"1e3", "1000"},
		{"", ""}, {"many", ""}, {"3..1", ""}, {"1.5..2", ""}, {"1..", ""}, {"5 ±", ""}, {"5 ± -1", ""}, {"1e16", ""}, {"5 ± 2 ± 1", ""}},
		func(s string) (any, *grammar.Misread) { return values.ParseDist(s, false) })
	check("time", []form{{"12ms", "12ms"}, {"40ms ± 15ms", "40ms ± 15ms"}, {"40ms +- 15ms", "40ms ± 15ms"}, {"1ms..3ms", "1ms..3ms"},
		{"12", ""}, {"12ms ± 3", ""}, {"soon", ""}},
		func(s string) (any, *grammar.Misread) { return values.ParseDist(s, true) })
}

func TestSet(t *testing.T) {
	src := []byte(least + "headers: {X-A.b: old}\n")
	for _, c := range []struct {
		set string
		get func(*Scenario) any
		out any
	}{
		{"seed=7", func(s *Scenario) any { return s.Seed }, uint64(7)},
		{"load.0.rate=5/s", func(s *Scenario) any { return s.Load[0].Rate.From.PerS }, 5.0},
		{"load.phase-1.rate=5/s", func(s *Scenario) any { return s.Load[0].Rate.From.PerS }, 5.0},
		{"load.0={rate: max, for: 1s}", func(s *Scenario) any { return s.Load[0].Rate.Max }, true},
		{"load=[{rate: 1/s, for: 1s}, {rate: 2/s, for: 1s}]", func(s *Scenario) any { return len(s.Load) }, 2},
		{"clients.count=9", func(s *Scenario) any { return s.Clients.Count }, 9},
		{"clients.languages.java=2", func(s *Scenario) any { return s.Clients.Languages["java"] }, 2.0},
		{"services.web.operations.home.error_rate=5%", func(s *Scenario) any { return s.Services["web"].Operations["home"].ErrorRate }, Share(0.05)},
		{"services.web.operations.home.duration={p50: 1ms, p99: 2ms}", func(s *Scenario) any { return s.Services["web"].Operations["home"].Duration.B }, 2e6},
		{"services.web.operations.home.tags.http.method=GET", func(s *Scenario) any { return s.Services["web"].Operations["home"].Tags["http.method"].Values[0] }, "GET"},
		{`services."web".operations.home.name=x=y`, func(s *Scenario) any { return s.Services["web"].Operations["home"].Name }, "x=y"},
		{"services.db={operations: {q: {name: q, resource: q, duration: 1ms}}}", func(s *Scenario) any { return s.Services["db"].Operations["q"].Name }, "q"},
		{"shapes.web.home.weight=3", func(s *Scenario) any { return s.Shapes[0].Weight }, 3.0},
		{"shapes.0.priority.1=100%", func(s *Scenario) any { return s.Shapes[0].Priority["1"] }, Share(1)},
		{"headers.X-A.b=new", func(s *Scenario) any { return s.Headers["X-A.b"] }, "new"},
		{"expect=[missing == 0]", func(s *Scenario) any { return s.Expect[0] }, "missing == 0"},
		{"description=", func(s *Scenario) any { return s.Description }, nil}, // nothing is no text
	} {
		s, err := Parse("x.yaml", src, []string{c.set})
		switch {
		case c.out == nil:
			if err == nil {
				t.Errorf("--set %s: no error", c.set)
			}
		case err != nil:
			t.Errorf("--set %s:\n%v", c.set, err)
		default:
			if diff := cmp.Diff(c.out, c.get(s)); diff != "" {
				t.Errorf("--set %s: -want +got\n%s", c.set, diff)
			}
		}
	}
}

// Settings go in order, and one under an alias leaves its anchor alone.
func TestSetsAndAliases(t *testing.T) {
	src := strings.Replace(least, "home: {", "other: &op {name: http.request, resource: GET /, duration: 5ms, calls: [web.home]}\n      home: {", 1)
	src = strings.Replace(src, "shapes:", "      copy: {<<: *op, name: copied}\n      same: *op\nshapes:", 1)
	s, err := Parse("x.yaml", []byte(src), []string{"services.web.operations.same.name=a", "services.web.operations.same.name=b", "services.web.operations.same.calls.0.probability=50%"})
	if err != nil {
		t.Fatal(err)
	}
	ops := s.Services["web"].Operations
	if ops["same"].Name != "b" || ops["other"].Name != "http.request" || ops["copy"].Name != "copied" {
		t.Errorf("names are %q, %q, %q", ops["same"].Name, ops["other"].Name, ops["copy"].Name)
	}
	if ops["same"].Calls[0].Probability != 0.5 || ops["same"].Calls[0].To != "web.home" || ops["other"].Calls[0].Probability != 1 {
		t.Errorf("calls are %+v and %+v", ops["same"].Calls, ops["other"].Calls)
	}
	if len(ops["copy"].Resource.Values) != 1 || ops["copy"].Duration.A != 5e6 {
		t.Errorf("the merged operation is %+v", ops["copy"])
	}
}

func TestBounds(t *testing.T) {
	long := strings.Repeat("x: y\n", 20_000)
	for name, src := range map[string]string{
		"lines":  long,
		"bytes":  "description: " + strings.Repeat("x", 2<<20),
		"flow":   strings.Repeat("[", 100_000),
		"block":  strings.Repeat("- ", 100_000),
		"braces": strings.Repeat("{a: ", 10_000),
		"indent": func() string {
			var b strings.Builder
			for i := range 500 {
				b.WriteString(strings.Repeat(" ", i) + "a:\n")
			}
			return b.String()
		}(),
		"bytes that are no text": "name: \xff\xfe",
		"control":                "name: a\x00b",
		"anchors":                strings.Repeat("&a ", 5000) + "x",
		"tags":                   strings.Repeat("!a ", 5000) + "x",
	} {
		_, err := Parse("x.yaml", []byte(src), nil)
		var problems *Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s: %v, want *Problems", name, err)
			continue
		}
		checkPlaces(t, problems)
		if len(problems.Error()) > 5000 {
			t.Errorf("%s: the message has %d bytes", name, len(problems.Error()))
		}
	}
}

func TestLoad(t *testing.T) {
	if _, err := Load("web-shpo", nil); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), `"web-shop"`) {
		t.Errorf("got %v", err)
	}
	if _, err := Load(t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "reading scenario") {
		t.Errorf("a folder gives %v", err)
	}
	if s, err := Load("library/smoke.yaml", []string{"name=other"}); err != nil || s.Name != "other" {
		t.Errorf("got %v, %v", s, err)
	}
}

func TestProfile(t *testing.T) {
	for text, want := range map[string]string{
		"rate: 200/s, for: 14s":                                                 "200/s for 14s",
		"rate: 50/s..200/s, for: 4s":                                            "ramp 50/s → 200/s for 4s",
		"rate: max, for: 1m":                                                    "as fast as 8 connections go for 1m",
		"send: services, rate: 5/s, for: 5s":                                    "services, 5/s for 5s",
		"steps: {from: 10/s, to: 30/s, by: 10/s, every: 5s}":                    "steps 10/s → 30/s by 10/s every 5s for 15s",
		"sine: {mean: 10/s, amplitude: 5/s, period: 10s}, for: 1m":              "sine 10/s ± 5/s, period 10s for 1m",
		"bursts: {base: 1 MB/s, peak: 5 MB/s, every: 10s, for: 1s}, for: 1m30s": "1 MB/s with bursts of 5 MB/s for 1s every 10s for 1m30s",
	} {
		s, err := Parse("x.yaml", []byte(strings.Replace(least, "rate: 100/s, for: 10s", text, 1)), nil)
		if err != nil {
			t.Errorf("%s:\n%v", text, err)
			continue
		}
		if got := s.Load[0].Profile(); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// The newer APIs have one encoding.
func TestEncodingOfAPI(t *testing.T) {
	for _, api := range APIs() {
		for _, encoding := range []Encoding{Msgpack, JSON} {
			_, err := Load("smoke", []string{"api=" + string(api), "encoding=" + string(encoding)})
			if ok := encoding == Msgpack || api == V03 || api == V04; (err == nil) != ok {
				t.Errorf("%s in %s: %v", api, encoding, err)
			}
			if err != nil && !strings.Contains(err.Error(), "api "+string(api)+" takes no JSON") {
				t.Errorf("%s in %s: the error does not say why: %v", api, encoding, err)
			}
		}
	}
}

// A priority alone is that of all traces of the shape.
func TestPriorityAlone(t *testing.T) {
	r := resolved(t)
	for text, want := range map[string]string{"none": "none", "2": "2", "-1": "-1", `"0"`: "0", "{1: 100%}": "1"} {
		src := "services: {a: {operations: {b: {name: c, resource: d, duration: 1ms}}}}\nshapes: [{entry: a.b, priority: " + text + "}]\nload: [{rate: 1/s, for: 1s}]\n"
		s, err := Parse("priority.yaml", []byte(src), nil)
		if err != nil {
			t.Errorf("priority: %s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(map[string]Share{want: 1}, s.Shapes[0].Priority); diff != "" {
			t.Errorf("priority: %s: -want +got\n%s", text, diff)
		}
		if err := valid(t, r, []byte(src)); err != nil {
			t.Errorf("priority: %s: the schema refuses it: %v", text, err)
		}
	}
}
