// Package fault is the catalogue of what is malformed on purpose: what each
// kind does, and what the agents' documentation or code lead one to expect of
// them. It describes; making the faults is for those that make spans, bodies and
// requests.
package fault

import (
	"slices"
	"strconv"
	"strings"
)

// Level is what a fault is a fault of, and so what its share is a share of.
type Level uint8

// The levels.
const (
	Span    Level = iota // of a trace, in its spans; a share of traces
	Body                 // of a request's body; a share of requests
	Framing              // of a request around its body; a share of requests
)

// String is the level in words.
func (l Level) String() string { return [...]string{"span", "body", "framing"}[l] }

// Outcome is what becomes of a trace with a fault, a column of the ledger.
type Outcome string

// The outcomes.
const (
	Accepted   Outcome = "accepted"   // comes out as it was sent
	Altered    Outcome = "altered"    // comes out, rewritten
	Dropped    Outcome = "dropped"    // delivered, and never comes out
	Refused    Outcome = "refused"    // answered with another code than 2xx
	Unanswered Outcome = "unanswered" // the connection is closed, or the answer never comes
	Nothing    Outcome = "nothing"    // there is no trace of which anything could become
)

// Kind is one kind of fault.
type Kind struct {
	Name  string
	Level Level
	// Doc says what is wrong, in one line.
	Doc string
	// Expect is what to expect of the Datadog trace agent; of several, any.
	Expect []Outcome
	// Codes are the status codes to expect with Refused.
	Codes []int
	// Source is where the expectation is from.
	Source string
	// Takes names the parameters that the kind takes beside its share.
	Takes []string
	// Not names the APIs in which the fault cannot be expressed.
	Not []string
	// Reason is the reason under which an agent counts such traces as dropped,
	// where that is not the kind's own name.
	Reason string
}

// Expected is what to expect in words, with the codes of Refused behind it.
func (k Kind) Expected() []string {
	var words []string
	for _, o := range k.Expect {
		all := []string{string(o)}
		if o == Refused {
			for _, code := range k.Codes {
				all = append(all, strconv.Itoa(code))
			}
		}
		words = append(words, strings.Join(all, " "))
	}
	return words
}

// Names returns the names of all kinds.
func Names() []string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
	}
	return names
}

// Kinds returns the catalogue: faults of spans first, then of bodies, then of framing.
func Kinds() []Kind { return slices.Concat(spanKinds(), bodyKinds(), framingKinds()) }

// Find returns the kind of that name.
func Find(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}
