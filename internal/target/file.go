package target

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/internal/target/counters"
)

// file is a target file: how to start an agent and what to expect of it.
// The json tags make the published schema; see [Schema].
type file struct {
	Name         string            `json:"name" jsonschema:"what reports call the target; default: the file's name"`
	Command      []string          `json:"command" jsonschema:"the program and its arguments; without it the target is taken to run already"`
	Env          map[string]string `json:"env" jsonschema:"environment variables of the program, beside those that are set already"`
	PIDFile      string            `json:"pid_file" jsonschema:"without a command: a file with the number of the target's process, so that it can be measured"`
	URL          string            `json:"url" jsonschema:"where the trace API is: http://host:port or unix:///path"`
	Health       string            `json:"health" jsonschema:"a path, or a URL of its own, that answers 2xx once the target is up; default /info"`
	Acceptance   string            `json:"acceptance" jsonschema:"how it is learnt what the target accepted: from the stand-in intake (default), from its own counters, or from its answers alone"`
	Claims       []claim           `json:"claims" jsonschema:"where the target's own counters are; they are set beside what was seen"`
	Drain        time.Duration     `json:"drain" jsonschema:"how long to wait in silence for what it may still forward; default 12s"`
	Dir          string            `json:"dir" jsonschema:"where the program runs, relative to this file; default: this file's folder"`
	StartTimeout time.Duration     `json:"start_timeout" jsonschema:"how long it may take to get healthy; default 30s"`
	StopTimeout  time.Duration     `json:"stop_timeout" jsonschema:"how long it may take to end after SIGTERM before it is killed; default 15s"`
	Version      versionSource     `json:"version" jsonschema:"where its version is found; default: version in the answer to /info"`
	APIs         []string          `json:"apis" jsonschema:"the API versions that it takes, such as v0.4"`

	folder string // of the file, absolute
}

// claim is one place where a target's counters are: one of the three.
type claim struct {
	Vars       string `json:"vars,omitempty" jsonschema:"the URL of its expvar page"`
	Prometheus string `json:"prometheus,omitempty" jsonschema:"the URL of its page for Prometheus"`
	// StatsD is where packets are taken, host:port, or anyStatsD.
	StatsD   string            `json:"statsd,omitempty" jsonschema:"true: it is told {{statsd}} and sends its counters there; or the address, host:port, that it sends them to"`
	Meanings map[string]string `json:"meanings,omitempty" jsonschema:"what counters speak of: a column of the ledger, such as accepted, accepted.spans or dropped:REASON"`
}

// kind is the kind of the source.
func (c *claim) kind() string {
	switch {
	case c.Vars != "":
		return counters.KindVars
	case c.Prometheus != "":
		return counters.KindPrometheus
	}
	return counters.KindStatsD
}

// anyStatsD is `statsd: true`: a free port.
const anyStatsD = "true"

// versionSource says where a version is found: one of the two.
type versionSource struct {
	Command  []string `json:"command,omitempty" jsonschema:"a command that prints it"`
	JSONPath string   `json:"json_path,omitempty" jsonschema:"keys, joined by dots, that lead to it in the health page's JSON"`
}

// The braces that a target file may use. Each becomes, per start:
const (
	bracePort      = "port"       // a free TCP port
	braceDebugPort = "debug_port" // another one
	braceIntake    = "intake"     // the stand-in intake's base URL
	braceStatsD    = "statsd"     // host:port of a statsd listener
	braceSocket    = "socket"     // the path of a Unix socket to make
	braceDir       = "dir"        // a scratch folder
)

// braceNames lists the braces that are supported.
func braceNames() []string {
	return []string{bracePort, braceDebugPort, braceIntake, braceStatsD, braceSocket, braceDir}
}

// apiNames lists the API versions that a scenario can choose.
func apiNames() []string { return []string{"v0.3", "v0.4", "v0.5", "v0.7", "v1.0"} }

// bracePattern matches {{name}}.
var bracePattern = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

// braces are the values of one start.
type braces map[string]string

// fill puts the values in place.
func (b braces) fill(text string) string {
	return bracePattern.ReplaceAllStringFunc(text, func(brace string) string {
		return b[strings.TrimSpace(strings.Trim(brace, "{}"))]
	})
}

func (b braces) fillAll(texts []string) []string {
	filled := make([]string, len(texts))
	for i, text := range texts {
		filled[i] = b.fill(text)
	}
	return filled
}

// uses says whether a brace occurs in what the file says about starting and asking.
func (f *file) uses(brace string) bool {
	texts := slices.Concat(f.Command, f.Version.Command, []string{f.URL, f.Health})
	for _, v := range f.Env {
		texts = append(texts, v)
	}
	for _, c := range f.Claims {
		texts = append(texts, c.Vars, c.Prometheus)
	}
	return slices.ContainsFunc(texts, func(text string) bool {
		for _, m := range bracePattern.FindAllStringSubmatch(text, -1) {
			if m[1] == brace {
				return true
			}
		}
		return false
	})
}

// program resolves the first word of a command: with a slash it is a path
// relative to the file, without one it is looked up in $PATH.
func (f *file) program(word string) string {
	if !strings.ContainsAny(word, `/\`) || filepath.IsAbs(word) {
		return word
	}
	return filepath.Join(f.folder, word)
}

// dir is where the command runs.
func (f *file) dir() string {
	if filepath.IsAbs(f.Dir) {
		return f.Dir
	}
	return filepath.Join(f.folder, f.Dir)
}
