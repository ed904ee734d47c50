package trees

import (
	"fmt"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/internal/trees/internal/dialect"
)

// failure is why a span failed.
type failure struct {
	typ, message string
	timeout      bool // it, or a call that it made itself, took too long
	unknown      bool // no failure of the library that the span is of
}

// blame finds out why each failed span failed: of its own, or because a call
// did whose error rose. Causes come later in the tree than what they cause.
func (d *Dresser) blame(nodes []node, key uint64) {
	if cap(d.failures) < len(nodes) {
		d.failures = make([]failure, len(nodes))
	}
	d.failures = d.failures[:len(nodes)]
	for k := len(nodes) - 1; k >= 0; k-- {
		if n := &nodes[k]; n.failed {
			lang := languageOf(nodes, k)
			switch {
			case n.cut:
				d.failures[k] = n.op.timedOut(lang, n.patience)
			case n.cause < 0:
				d.failures[k] = d.ownFailure(n.op, lang, &stream{Hash(^key, uint64(k))})
			case nodes[n.cause].patience > 0 && !nodes[n.cause].cut:
				d.failures[k] = nodes[n.cause].op.timedOut(lang, nodes[n.cause].patience)
			default:
				d.failures[k] = n.op.risen(lang, &d.failures[n.cause], nodes[n.cause].op)
				d.failures[k].timeout = nodes[n.cause].cut
			}
		}
	}
}

// languageOf is the language of the tracer that makes span k.
func languageOf(nodes []node, k int) string {
	var caller *service
	if p := nodes[k].parent; p >= 0 {
		caller = nodes[p].op.service
	}
	return nodes[k].op.tracer(caller).language
}

// risen is how a caller sees the failure of a callee. A type does not cross from
// one process to another: there the caller's own client fails.
func (op *operation) risen(lang string, cause *failure, callee *operation) failure {
	f := failure{unknown: true, typ: cause.typ, message: callee.service.name + " " + callee.name + ": " + cause.message}
	if callee.tracer(op.service) != op.service {
		asked := callee.request("")
		asked.Serving = false
		f.typ, _ = asked.Failure(lang)
	}
	return f
}

// ownFailure draws one of the operation's errors, or makes one up.
func (d *Dresser) ownFailure(op *operation, lang string, s *stream) failure {
	total := 0.0
	for _, e := range op.errors {
		total += e.Weight
	}
	f := failure{}
	u := s.unit() * total
	for _, e := range op.errors {
		if u -= e.Weight; u < 0 {
			f = failure{typ: e.Type, message: e.Message, unknown: true}
			break
		}
	}
	if f.typ != "" && f.message != "" {
		return f
	}
	typ, messages := op.request(pick(s, d.catalogue.words.addresses)).Failure(lang)
	message := pick(s, messages)
	if f.typ == "" {
		f.typ = typ
	}
	if f.message == "" {
		f.message = message
	}
	return f
}

// Frames of a stack: what a tracer keeps of one is rarely less or more.
const (
	framesLeast = 4
	framesMost  = 14
)

// stack writes a stack as a tracer of that language would.
func (f *failure) stack(lang string, words *vocabulary, s *stream) string {
	var b strings.Builder
	format := dialect.StackOf(lang)
	text := f.typ + ": " + f.message
	b.WriteString(strings.ReplaceAll(format.Head, "ERROR", text))
	for range framesLeast + s.below(framesMost-framesLeast+1) {
		noun, verb := pick(s, words.nouns), pick(s, words.verbs)
		fmt.Fprintf(&b, format.Frame, noun, title(noun), verb, 10+s.below(500))
	}
	b.WriteString(strings.ReplaceAll(format.Tail, "ERROR", text))
	return strings.TrimSuffix(b.String(), "\n")
}

// timedOut is the failure of who waited for the operation for patience (ns).
func (op *operation) timedOut(lang string, patience int64) failure {
	f := failure{timeout: true}
	f.typ, f.message = op.request("").Timeout(lang, time.Duration(patience))
	return f
}

// request is what is asked of the operation, as errors name it; address is the server's.
func (op *operation) request(address string) dialect.Request {
	r := dialect.Request{
		Class: op.class, Serving: op.class == web && op.typ != "http" && op.kind != client,
		Method: "GET", Host: op.service.name + ".internal", Path: "/", Address: fmt.Sprintf("%s:%d", address, int(port(op.system()))),
	}
	resource := op.resource.pattern
	if resource == "" {
		resource = op.resource.values[0]
	}
	if method, path, ok := strings.Cut(resource, " "); ok && method != "" && strings.ToUpper(method) == method {
		r.Method, r.Path = method, path
	}
	return r
}
