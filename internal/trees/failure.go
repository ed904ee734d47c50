package trees

import (
	"fmt"
	"time"

	"github.com/spanstorm/spanstorm/internal/trees/internal/dialect"
	"github.com/spanstorm/spanstorm/internal/trees/internal/names"
)

// failure is why a span failed.
type failure struct {
	typ, message string
	timeout      bool // it, or a call that it made itself, took too long
	unknown      bool // no failure of the library that the span is of
	status       int  // what an HTTP server answers then
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
			lang, s := languageOf(nodes, k), &stream{Hash(^key, uint64(k))}
			switch {
			case n.cut:
				d.failures[k] = d.timedOut(n.op, lang, n.patience, s)
			case n.cause < 0:
				d.failures[k] = d.ownFailure(n.op, lang, s)
			case nodes[n.cause].patience > 0 && !nodes[n.cause].cut:
				d.failures[k] = d.timedOut(nodes[n.cause].op, lang, nodes[n.cause].patience, s)
			default:
				d.failures[k] = d.risen(n.op, lang, &d.failures[n.cause], nodes[n.cause].op, s)
				d.failures[k].timeout = nodes[n.cause].cut
			}
			d.failures[k].status = statusOf(&d.failures[k], n.cause < 0, s)
		}
	}
}

// statusOf is what an HTTP server answers that fails, of its own or because
// another one does.
func statusOf(f *failure, own bool, s *stream) int {
	switch {
	case f.timeout:
		return 504
	case own:
		return pick(s, []int{500, 500, 500, 503})
	}
	return pick(s, []int{500, 500, 502, 503})
}

// languageOf is the language of the tracer that makes span k.
func languageOf(nodes []node, k int) string {
	var caller *service
	if p := nodes[k].parent; p >= 0 {
		caller = nodes[p].op.service
	}
	return nodes[k].op.tracer(caller).language
}

// risen is how a caller sees the failure of a callee. Within a process it is the
// same error; from one to another neither type nor stack crosses, and the
// caller's own client fails of what it is answered.
func (d *Dresser) risen(op *operation, lang string, cause *failure, callee *operation, s *stream) failure {
	f := failure{unknown: true, typ: cause.typ, message: cause.message}
	if callee.tracer(op.service) == op.service {
		return f
	}
	asked := d.request(callee, s)
	asked.Serving = false
	if callee.class == web || callee.class == rpc {
		f.typ, f.message = asked.Refused(lang, cause.status, cause.message)
		return f
	}
	f.typ, _ = asked.Failure(lang)
	f.message = callee.service.name + " " + callee.name + ": " + cause.message
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
	typ, messages := d.request(op, s).Failure(lang)
	message := pick(s, messages)
	if f.typ == "" {
		f.typ = typ
	}
	if f.message == "" {
		f.message = message
	}
	return f
}

// Frames of a program in a stack, beside those of its framework.
const (
	framesLeast = 2
	framesMost  = 6
)

// stack writes a stack of a program, as the tracer of its language would.
func (f *failure) stack(program *service, s *stream) string {
	frames := make([]dialect.Frame, framesLeast+s.below(framesMost-framesLeast+1))
	for i := range frames {
		frames[i] = dialect.Frame{Service: program.name, Noun: names.Own(program.name, s.below), Verb: names.Verb(s.below), Line: 10 + s.below(400)}
	}
	return dialect.StackOf(program.language).Write(f.typ+": "+f.message, frames, program.typ == "web" && !program.rpc)
}

// timedOut is the failure of who waited for the operation for patience (ns).
func (d *Dresser) timedOut(op *operation, lang string, patience int64, s *stream) failure {
	f := failure{timeout: true}
	f.typ, f.message = d.request(op, s).Timeout(lang, time.Duration(patience))
	return f
}

// request is what is asked of the operation, as errors name it.
func (d *Dresser) request(op *operation, s *stream) dialect.Request {
	r := dialect.Request{
		Class: op.class, Serving: op.class == web && op.typ != "http" && op.kind != client,
		Method: "GET", Host: op.host(), Path: "/", Address: fmt.Sprintf("%s:%d", private(s), int(port(op.system()))),
	}
	resource := op.resource.pattern
	if resource == "" {
		resource = op.resource.values[0]
	}
	if method, path, ok := asked(resource); ok {
		r.Method, r.Path = method, rooted(d.filled(path, s))
	}
	return r
}
