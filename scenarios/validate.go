package scenarios

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios/internal/document"
	"github.com/spanstorm/spanstorm/scenarios/internal/faults"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// Bounds of the language. They keep ids, memory and schedules within what the
// rest of the program can hold; the documented limits of agents are in
// internal/limits.
const (
	MaxSpans           = 100_000   // in one trace
	MaxChunks          = 10_000    // traces in one request
	MaxSpansPerRequest = 1_000_000 // expected number
	MaxDepth           = 1_000     // levels of a statistical trace
	MaxOperations      = 10_000
	MaxRepeat          = 10_000
	maxName            = 100
	maxSteps           = 10_000
	maxWeight          = 1e9
)

// validator finds what is wrong with a scenario that could be read. It changes nothing.
type validator struct {
	*grammar.Decoder
	s      *Scenario
	ops    map[string]*Operation // by service.operation
	cyclic bool                  // calls go in a circle
}

func (v *validator) validate() {
	v.ops = map[string]*Operation{}
	for name, service := range v.s.Services {
		for key, op := range service.Operations {
			v.ops[name+"."+key] = op
		}
	}
	v.general()
	v.corpus()
	v.services()
	v.graph()
	v.shapes()
	v.faults()
	v.load()
	v.incidents()
	v.events()
	v.expect()
}

func (v *validator) faults() {
	var apis []string
	for _, api := range APIs() {
		apis = append(apis, string(api))
	}
	faults.Check(v.Decoder, v.s.Faults, string(v.s.API), apis)
}

func (v *validator) general() {
	s := v.s
	v.nameLike([]any{"name"}, "name", s.Name)
	v.duration([]any{"timeout"}, "timeout", s.Timeout)
	v.duration([]any{"late_limit"}, "late_limit", s.LateLimit)
	if s.Encoding == JSON && !s.API.TakesJSON() {
		v.Fail([]any{"encoding"}, "use msgpack", "encoding: api %s takes no JSON", s.API)
	}
	v.clients()
	t := s.TracesPerRequest
	switch most := t.Most(); {
	case most < 1:
		v.Fail([]any{"traces_per_request"}, "write 1 to 10000, for example 10, 1..20 or {p50: 5, p99: 40, max: 100}", "traces_per_request must be at least 1")
	case most > MaxChunks:
		v.Fail([]any{"traces_per_request"}, "write 1 to 10000; a distribution has a max, as in {p50: 5, p99: 40, max: 100}", "a request can have up to %s traces, more than %d", grammar.RoundUp(most), MaxChunks)
	}
	v.headers()
}

func (v *validator) headers() {
	for name, value := range v.s.Headers {
		path := []any{"headers", name}
		switch {
		case !isToken(name):
			v.FailKey(path, "use letters, digits and dashes", "%s is no name of a header", grammar.Shorten(name))
		case slices.Contains([]string{"content-type", "content-length", "transfer-encoding", "connection", "host", "x-datadog-trace-count"}, strings.ToLower(name)):
			v.FailKey(path, "leave it out", "the header %s is set for each request", name)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			v.Fail(path, "write it on one line", "the header %s holds a control character", name)
		}
	}
}

// isToken says that s is a token of HTTP (RFC 9110, 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func isNameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
}

// nameLike checks a name that becomes part of file names and expectations.
func (v *validator) nameLike(path []any, label, name string) {
	switch {
	case name == "":
		v.Fail(path, "give it a name", "%s is empty", label)
	case len(name) > maxName:
		v.Fail(path, "shorten it", "%s has %d bytes, more than %d", label, len(name), maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return !isNameRune(r) }) || strings.Trim(name, ".-") != name:
		v.Fail(path, "use letters, digits, and - _ . within", "%s %s cannot be used as a name", label, grammar.Shorten(name))
	}
}

// weighing checks the weights of a group: none may be negative, and not all zero.
type weighing struct {
	*validator
	total float64
	wrong bool // one of them has its problem already
}

func (w *weighing) add(path []any, label string, weight float64) {
	if weight < 0 || weight > maxWeight {
		w.Fail(path, "write a number from 0 to 1e9, for example 3", "%s must not be %s", label, map[bool]string{true: "negative", false: "above 1e9"}[weight < 0])
	}
	w.total += max(weight, 0)
	w.wrong = w.wrong || w.Unread(path...)
}

// sum says whether the group as a whole has a weight.
func (w *weighing) sum(path []any, label string) bool {
	if w.total == 0 && !w.wrong {
		w.Fail(path, "give one of them a weight above zero", "the weights of %s are all zero", label)
	}
	return w.total > 0
}

// bytes checks a text against a limit of the agent.
func (v *validator) bytes(path []any, key bool, label, text string, most int) {
	report := v.Fail
	if key {
		report = v.FailKey
	}
	switch {
	case strings.TrimSpace(text) == "":
		report(path, "write a text", "%s is empty", label)
	case len(text) > most:
		report(path, "shorten it, so that what arrives is what was sent", "%s %s has %d bytes; the agent cuts it at %d", label, grammar.Shorten(text), len(text), most)
	case !utf8.ValidString(text):
		report(path, "write it as UTF-8", "%s holds bytes that are no text", label)
	}
}

func (v *validator) expect() {
	var phases []string
	for _, p := range v.s.Load {
		phases = append(phases, p.Name)
	}
	for i, text := range v.s.Expect {
		e, err := results.ParseExpectation(text)
		if err == nil {
			err = e.CheckPhase(phases)
		}
		if err == nil {
			continue
		}
		at := v.Place("expect", i)
		var wrong *results.ExpectationError
		if !errors.As(err, &wrong) {
			v.AddFirst(at, "", "%v", err)
			continue
		}
		n := v.Node("expect", i)
		if n != nil && n.Kind == document.Scalar && wrong.Offset <= len(text) {
			at = n.Inside(wrong.Offset)
		}
		v.AddFirst(at, wrong.Remedy, "expectation %s: %s", grammar.Shorten(text), wrong.Problem)
	}
}

func (v *validator) duration(path []any, label string, d Duration) bool {
	if d <= 0 {
		v.Fail(path, "write at least 1ms, for example 10s", "%s must be above zero", label)
		return false
	}
	if time.Duration(d) < time.Millisecond {
		v.Fail(path, "write at least 1ms, for example 10s", "%s is too short: %s", label, d)
		return false
	}
	return true
}
