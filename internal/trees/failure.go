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
				d.failures[k] = n.op.risen(lang, &d.failures[n.cause], nodes[n.cause].op, languageOf(nodes, n.cause))
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
// one language to another: there the caller's own client fails.
func (op *operation) risen(lang string, cause *failure, callee *operation, calleeLang string) failure {
	f := failure{unknown: true, typ: cause.typ, message: callee.service.name + " " + callee.name + ": " + cause.message}
	if lang != calleeLang {
		f.typ = dialect.ErrorType(op.class, lang)
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
	if f.typ == "" {
		f.typ = dialect.ErrorType(op.class, lang)
	}
	if f.message == "" {
		f.message = op.errorMessage(lang, d.catalogue.words, s)
	}
	return f
}

func (op *operation) errorMessage(lang string, words *vocabulary, s *stream) string {
	switch op.class {
	case sql:
		return pick(s, []string{"deadlock detected", "canceling statement due to statement timeout", "too many connections", "could not serialize access due to concurrent update"})
	case cache, store, queue:
		dial := fmt.Sprintf("dial tcp %s:%d: %s", pick(s, words.addresses), int(port(op.system())), pick(s, []string{"i/o timeout", "connection refused", "connection reset by peer"}))
		return dialect.Pick(lang, dial, "Read timed out", "timed out", "LOADING Redis is loading the dataset in memory", "execution expired", "The operation has timed out.", "read error on connection")
	case rpc:
		head := dialect.Pick(lang, "rpc error: code = Unavailable desc = ", "UNAVAILABLE: ", "StatusCode.UNAVAILABLE: ", "14 UNAVAILABLE: ", "14:", "StatusCode=Unavailable: ", "")
		return head + pick(s, []string{"connection refused", "transport is closing", "upstream connect error or disconnect/reset before headers", "no healthy upstream"})
	case web:
		peer := pick(s, words.nouns) + ".internal"
		return dialect.Pick(lang,
			fmt.Sprintf("Get \"http://%s/%s\": %s", peer, pick(s, words.verbs), pick(s, []string{"unexpected EOF", "read: connection reset by peer", "connect: connection refused"})),
			"Connection reset by peer",
			"HTTPConnectionPool(host='"+peer+"', port=80): Read timed out. (read timeout=5)",
			"request to http://"+peer+"/ failed, reason: connect ECONNREFUSED",
			"Net::ReadTimeout with #<TCPSocket:(closed)>",
			"An error occurred while sending the request.",
			"cURL error 7: Failed to connect to "+peer+" port 80: Connection refused")
	}
	return pick(s, words.phrases)
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
	method, path := "GET", "/"
	resource := op.resource.pattern
	if resource == "" {
		resource = op.resource.values[0]
	}
	if m, p, ok := strings.Cut(resource, " "); ok && m != "" && strings.ToUpper(m) == m {
		method, path = m, p
	}
	call := dialect.Call{Class: op.class, Method: method, Host: op.service.name + ".internal", Path: path}
	f := failure{timeout: true}
	f.typ, f.message = call.Timeout(lang, time.Duration(patience))
	return f
}
