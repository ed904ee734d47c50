package target

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

const fullFile = `name: full
command: [./bin/agent, --port, "{{port}}", --level, 3, "{{ dir }}"]
env: {GOMAXPROCS: "1", DEBUG: true, RATE: 0.5, DD_DOGSTATSD: "{{statsd}}"}
url: http://127.0.0.1:{{port}}
health: http://127.0.0.1:{{debug_port}}/ready
acceptance: status
claims:
  - vars: http://127.0.0.1:{{debug_port}}/debug/vars
  - prometheus: /metrics
    meanings: {my_total: accepted.spans, 'my_lost_total{reason="full"}': "dropped:full"}
  - statsd: true
drain: 3s
dir: work
start_timeout: 1m
stop_timeout: 500ms
version: {json_path: build.version}
apis: [v0.3, v0.4]
`

func TestParseFile(t *testing.T) {
	f, err := parseFile("some/full.yaml", []byte(fullFile))
	if err != nil {
		t.Fatal(err)
	}
	want := &file{
		Name:       "full",
		Command:    []string{"./bin/agent", "--port", "{{port}}", "--level", "3", "{{ dir }}"},
		Env:        map[string]string{"GOMAXPROCS": "1", "DEBUG": "true", "RATE": "0.5", "DD_DOGSTATSD": "{{statsd}}"},
		URL:        "http://127.0.0.1:{{port}}",
		Health:     "http://127.0.0.1:{{debug_port}}/ready",
		Acceptance: "status",
		Claims: []claim{
			{Vars: "http://127.0.0.1:{{debug_port}}/debug/vars"},
			{Prometheus: "/metrics", Meanings: map[string]string{"my_total": "accepted.spans", `my_lost_total{reason="full"}`: "dropped:full"}},
			{StatsD: anyStatsD},
		},
		Drain:        3 * time.Second,
		Dir:          "work",
		StartTimeout: time.Minute,
		StopTimeout:  500 * time.Millisecond,
		Version:      versionSource{JSONPath: "build.version"},
		APIs:         []string{"v0.3", "v0.4"},
	}
	if diff := cmp.Diff(want, f, cmpopts.IgnoreUnexported(file{})); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if got, want := f.program("./bin/agent"), filepath.Join("some", "bin", "agent"); !filepath.IsAbs(got) || !strings.HasSuffix(got, want) {
		t.Errorf("program %s, want it absolute, and in %s", got, want)
	}
	if got := f.program("agent"); got != "agent" {
		t.Errorf("program %s, want it left to $PATH", got)
	}
	if got, want := f.dir(), filepath.Join("some", "work"); !strings.HasSuffix(got, want) {
		t.Errorf("dir %s, want %s", got, want)
	}
}

func TestParseFileDefaults(t *testing.T) {
	f, err := parseFile("a/b.yaml", []byte("url: http://127.0.0.1:8126"))
	if err != nil {
		t.Fatal(err)
	}
	want := &file{
		Name: "b", URL: "http://127.0.0.1:8126", Health: "/info", Acceptance: "intake",
		Drain: DefaultDrain, StartTimeout: DefaultStartTimeout, StopTimeout: DefaultStopTimeout,
	}
	if diff := cmp.Diff(want, f, cmpopts.IgnoreUnexported(file{})); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

func TestParseFileProblems(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{"f.yaml:1:1: the file is empty"}},
		{"only a comment", "# nothing\n", []string{"f.yaml:1:1: the file is empty"}},
		{"no mapping", "- a\n", []string{"f.yaml:1:1: a target file is a mapping", "a list"}},
		{"no YAML", "url: [http\n", []string{"f.yaml:1:"}},
		{"two documents", "url: http://a:1\n---\nurl: http://b:1\n", []string{"f.yaml:3:", "a second document"}},
		{"unknown key", "url: http://a:1\ncomand: [x]\n", []string{"f.yaml:2:1: unknown key \"comand\"; did you mean command?", "comand: [x]"}},
		{"unknown key, unlike any", "url: http://a:1\nxyzzy: 1\n", []string{"f.yaml:2:1: unknown key \"xyzzy\"; known are name, command,"}},
		{"twice", "url: http://a:1\nurl: http://b:1\n", []string{"f.yaml:2:1:", "already"}},
		{"no url", "name: x\n", []string{"url is missing"}},
		{"a name that is none", "name: [x]\nurl: http://a:1\n", []string{"f.yaml:1:7: name takes text, not a list"}},
		{"an empty name", "name:\nurl: http://a:1\n", []string{"f.yaml:1:1: name is empty"}},
		{"https", "url: https://a:1\n", []string{`f.yaml:1:6: target "https://a:1": "https" is not spoken`}},
		{"a path", "url: http://a:1/v0.4/traces\n", []string{"f.yaml:1:6:", "give host and port only, as in http://a:1"}},
		{"a socket that is none", "url: unix://run/apm.socket\n", []string{"f.yaml:1:6:", "unix:///run/apm.socket"}},
		{"a command that is no list", "command: agent -x\nurl: http://a:1\n", []string{"f.yaml:1:10: command takes a list"}},
		{"an empty command", "command: []\nurl: http://a:1\n", []string{"f.yaml:1:10: command is an empty list"}},
		{"a list in a command", "command: [a, [b]]\nurl: http://a:1\n", []string{"f.yaml:1:14: an item of command takes text"}},
		{"unknown brace", "command: [a, \"{{prot}}\"]\nurl: http://a:1\n", []string{"f.yaml:1:14: unknown {{prot}}; did you mean port?"}},
		{"nobody listens for statsd", "command: [a, \"{{statsd}}\"]\nurl: http://a:1\n", []string{"{{statsd}} is used, but nobody listens there; add claims: [{statsd: true}]"}},
		{"nobody is told of statsd", "command: [a]\nurl: http://a:1\nclaims: [{statsd: true}]\n", []string{"f.yaml:3:1: statsd: true, but {{statsd}} is nowhere used"}},
		{"nobody to tell of statsd", "url: http://a:1\nclaims: [{statsd: true}]\n", []string{"f.yaml:2:1: statsd: true, but there is no command", `statsd: "127.0.0.1:8125"`}},
		{"statsd that is no address", "url: http://a:1\nclaims: [{statsd: yes please}]\n", []string{"f.yaml:2:19: statsd: \"yes please\" is neither true nor an address"}},
		{"statsd at a name", "url: http://a:1\nclaims: [{statsd: \"localhost:8125\"}]\n", []string{"f.yaml:2:19: statsd: \"localhost\" is no IP address"}},
		{"two listeners", "url: http://a:1\nclaims: [{statsd: \"127.0.0.1:1\"}, {statsd: \"127.0.0.1:2\"}]\n", []string{"f.yaml:2:36: claims has statsd already"}},
		{"two sources in one", "url: http://a:1\nclaims: [{vars: \"http://a:1/x\", prometheus: \"http://a:1/y\"}]\n", []string{"f.yaml:2:33: an item of claims is one source: vars and prometheus are two"}},
		{"meanings alone", "url: http://a:1\nclaims: [{meanings: {a: accepted}}]\n", []string{"f.yaml:2:", "say where the counters are"}},
		{"a meaning that is none", "url: http://a:1\nclaims: [{vars: \"http://a:1/x\", meanings: {a: acepted}}]\n", []string{"f.yaml:2:47: a: \"acepted\" is no column of the ledger; known are sent,"}},
		{"a meaning in another unit", "url: http://a:1\nclaims: [{vars: \"http://a:1/x\", meanings: {a: accepted.bytes}}]\n", []string{"f.yaml:2:47: a: \"accepted.bytes\": a column counts traces"}},
		{"a brace nobody fills", "url: http://127.0.0.1:{{port}}\n", []string{"{{port}} is used, but there is no command"}},
		{"an environment that is none", "env: [A=b]\nurl: http://a:1\n", []string{"f.yaml:1:6: env is a mapping"}},
		{"a bad variable", "env: {A=b: c}\nurl: http://a:1\n", []string{"f.yaml:1:7:", "cannot name an environment variable"}},
		{"a variable that is a list", "env: {A: [b]}\nurl: http://a:1\n", []string{"f.yaml:1:10: env.A takes text"}},
		{"a drain that is none", "drain: soon\nurl: http://a:1\n", []string{"f.yaml:1:8: drain: \"soon\" is no duration"}},
		{"a drain without a unit", "drain: 12\nurl: http://a:1\n", []string{"f.yaml:1:8: drain: \"12\" is no duration; try 12s"}},
		{"a drain of nothing", "drain: 0s\nurl: http://a:1\n", []string{"f.yaml:1:8: drain: 0s is out of range"}},
		{"an acceptance from nowhere", "acceptance: prometheus\nurl: http://a:1\nclaims: [{vars: /debug/vars}]\n", []string{"f.yaml:1:13: acceptance from prometheus, but claims does not say where", "add claims: [{prometheus: URL}]"}},
		{"an unknown acceptance", "acceptance: intak\nurl: http://a:1\n", []string{"f.yaml:1:13: acceptance \"intak\" is unknown; did you mean intake?"}},
		{"unknown claims", "url: http://a:1\nclaims: [{var: x}]\n", []string{"f.yaml:2:11: unknown key \"var\"; did you mean vars?"}},
		{"claims that are no list", "url: http://a:1\nclaims: {vars: x}\n", []string{"claims takes a list"}},
		{"claims that are no page", "url: http://a:1\nclaims: [{vars: x}]\n", []string{"f.yaml:2:17: vars: \"x\" is no URL of a page"}},
		{"a health page that is none", "url: http://a:1\nhealth: info\n", []string{"f.yaml:2:9: health: \"info\" is no URL"}},
		{"a process of its own", "command: [a]\npid_file: a.pid\nurl: http://a:1\n", []string{"f.yaml:2:1: pid_file is for a target that runs already"}},
		{"two versions", "url: http://a:1\nversion: {command: [x], json_path: y}\n", []string{"f.yaml:2:1: version has both"}},
		{"an unknown API", "url: http://a:1\napis: [v0.6]\n", []string{"\"v0.6\" is no API version"}},
		{"too long", strings.Repeat("#", fileBytesMax+1), []string{"f.yaml:1:1: the file has 65537 bytes"}},
		{"too many lines", strings.Repeat("\n", fileLinesMax+1), []string{"f.yaml:1:1: the file has 2001 lines"}},
		{"all at once", "nam: x\ndrain: 1\nurl: ftp://a\n", []string{"f.yaml:1:1:", "f.yaml:2:8:", "f.yaml:3:6:"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseFile("f.yaml", []byte(tt.text))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error\n%v\ndoes not say %q", err, want)
				}
			}
		})
	}
}

func TestParseArgument(t *testing.T) {
	for arg, name := range map[string]string{
		"embedded":               "embedded",
		"http://127.0.0.1:8126":  "http://127.0.0.1:8126",
		"http://localhost":       "http://localhost",
		"unix:///run/apm.socket": "unix:///run/apm.socket",
		writeText(t, "url: http://127.0.0.1:1\nname: mine\n"): "mine",
	} {
		if spec := parse(t, arg); spec.Name() != name || spec.String() != arg {
			t.Errorf("%s: name %s, string %s", arg, spec.Name(), spec)
		}
	}
	for arg, want := range map[string]string{
		"":                      "the target is empty",
		"embeded":               "no such file",
		t.TempDir():             "is a folder",
		"https://127.0.0.1":     "not spoken",
		"http://":               "names no host",
		"http://a:1/x":          "host and port only",
		"unix:///":              "names no socket",
		"http://a b":            "is not a URL",
		writeText(t, "nmae: x"): "fake.yaml:1:1",
	} {
		if _, err := Parse(arg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %q", arg, err, want)
		}
	}
}

// The target files of this repository have to be right.
func TestBundledFiles(t *testing.T) {
	paths, err := filepath.Glob("../../agents/*/v*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no target files: %v", err)
	}
	for _, path := range paths {
		parse(t, path)
	}
}

// The examples in the documentation are target files.
func TestDocumentedFiles(t *testing.T) {
	text, err := os.ReadFile("../../docs/targets.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```yaml\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("no examples")
	}
	for _, block := range blocks {
		example, _, _ := strings.Cut(block, "```")
		if _, err := parseFile("docs/targets.md", []byte(example)); err != nil {
			t.Errorf("%v\n%s", err, example)
		}
	}
}

// The schema knows the keys that the parser knows, and takes what it takes.
func TestSchema(t *testing.T) {
	s := Schema()
	if diff := cmp.Diff(slices.Sorted(slices.Values(fileKeys())), slices.Sorted(maps.Keys(s.Properties))); diff != "" {
		t.Errorf("keys of the parser and of the schema (-parser +schema):\n%s", diff)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{fullFile}
	paths, _ := filepath.Glob("../../agents/*/v*.yaml")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	for _, text := range texts {
		if err := resolved.Validate(asJSON(t, text)); err != nil {
			t.Errorf("the schema refuses\n%s\n%v", text, err)
		}
	}
	for _, text := range []string{"name: x", "url: http://a:1\nnmae: x", "url: http://a:1\ndrain: 12", "url: http://a:1\nacceptance: x", "url: http://a:1\ncommand: []",
		"url: http://a:1\nclaims: [{vars: x, statsd: true}]", "url: http://a:1\nclaims: [{meanings: {}}]", "url: http://a:1\nclaims: [{vars: x, meanings: {a: b}}]"} {
		if err := resolved.Validate(asJSON(t, text)); err == nil {
			t.Errorf("the schema takes\n%s", text)
		}
	}
}

func asJSON(t *testing.T, text string) any {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func FuzzParseFile(f *testing.F) {
	f.Add([]byte(fullFile))
	f.Add([]byte("url: &a http://127.0.0.1:1\nname: *a\n"))
	f.Add([]byte("url: !!str http://127.0.0.1:1\nversion: {command: [x]}\n"))
	f.Add([]byte("? [a]\n: b\n"))
	f.Add([]byte("<<: {url: x}\n"))
	f.Add([]byte("command: [\"{{port}}{{\", \"}}\"]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed, err := parseFile("f.yaml", text)
		if (parsed == nil) == (err == nil) {
			t.Fatalf("file %v and error %v", parsed, err)
		}
		var problems *fileError
		if err != nil && (!errors.As(err, &problems) || !strings.HasPrefix(err.Error(), "f.yaml:")) {
			t.Fatalf("error %v has no place", err)
		}
		if err == nil { // what was taken can be started: its URL is one
			if _, _, err := parseURL(sample().fill(parsed.URL)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"url", "url", 0}, {"comand", "command", 1}, {"nmae", "name", 1}, {"drian", "drain", 1}, {"kitten", "sitting", 3}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ab]{0,6}`)
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		d := distance(a, b)
		if d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) {
			t.Fatalf("distance(%q, %q) = %d", a, b, d)
		}
	})
}
