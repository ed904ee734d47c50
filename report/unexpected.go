package report

import (
	"maps"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// Unexpected says what became of a fault's traces that is not as documented: nil
// when all is. A trace that was rewritten counts as accepted, and one that never
// came out as dropped, whether the agent has said so or not. Without acceptance
// (see [results.Ledger.AcceptanceUnknown]) the answers alone are judged. What was altered is known
// of a sample.
func Unexpected(p *results.Part, acceptanceUnknown bool) []string {
	var out []string
	found := func(n uint64, what string, as ...string) {
		if n > 0 && !slices.ContainsFunc(as, func(a string) bool { return slices.Contains(p.Expected, a) }) {
			out = append(out, results.FormatCount(n)+" "+what)
		}
	}
	if acceptanceUnknown {
		found(p.Delivered.Traces, "delivered", "accepted", "altered", "dropped", "nothing")
	} else {
		found(p.Accepted.Traces, "accepted", "accepted", "altered")
		found(p.Dropped.Traces, "dropped", "dropped", "nothing")
		found(p.Missing.Traces, "missing", "dropped", "nothing")
		found(p.Partial.Traces, "in part", "dropped")
		found(p.AcceptedThoughRefused.Traces+p.AcceptedThoughUnanswered.Traces, "accepted though not delivered")
	}
	if !acceptanceUnknown {
		out = append(out, unexpectedlyAltered(p)...)
	}
	found(p.Unanswered.Traces, "unanswered", "unanswered")
	for _, code := range slices.Sorted(maps.Keys(p.RefusedByCode)) {
		if !slices.ContainsFunc(p.Expected, func(e string) bool {
			return strings.HasPrefix(e, "refused ") && slices.Contains(strings.Fields(e), code)
		}) {
			out = append(out, results.FormatCount(p.RefusedByCode[code].Traces)+" refused "+code)
		}
	}
	return out
}

// unexpectedlyAltered says what a sample shows for certain: that traces came out as
// they were sent although all are documented to be rewritten, or that most were
// rewritten, in fields that the target leaves alone elsewhere, although none is to be. A
// few of those may be of spans that the sample happens not to have without a fault.
func unexpectedlyAltered(p *results.Part) []string {
	a := p.Altered
	if a == nil || a.Compared == 0 {
		return nil
	}
	accepted, altered := slices.Contains(p.Expected, "accepted"), slices.Contains(p.Expected, "altered")
	of := " of " + results.FormatCount(a.Compared) + " compared "
	switch {
	case altered && !accepted && a.Altered < a.Compared:
		return []string{results.FormatCount(a.Compared-a.Altered) + of + "not altered"}
	case accepted && !altered && 2*a.Own > a.Compared:
		return []string{results.FormatCount(a.Own) + of + "altered"}
	}
	return nil
}
