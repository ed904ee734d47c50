package results

import (
	"maps"
	"slices"
	"strings"
)

// Part is the account of one shape or one fault.
type Part struct {
	Name string `json:"name"`
	Account
	// Expected is what the documentation of agents says becomes of a fault's
	// traces, any of these: accepted, altered, dropped, nothing, unanswered, or
	// refused with the codes behind it.
	Expected []string `json:"expected,omitempty"`
	// RefusedByCode is the column Refused in parts; of faults only.
	RefusedByCode map[string]Count `json:"refused_by_code,omitempty"`
}

// Unexpected says what became of a fault's traces that is not as documented: nil
// when all is. A trace that was rewritten counts as accepted, and one that never
// came out as dropped, whether the agent has said so or not. Without acceptance
// (see [Ledger.AcceptanceUnknown]) the answers alone are judged.
func (p *Part) Unexpected(acceptanceUnknown bool) []string {
	var out []string
	found := func(n uint64, what string, as ...string) {
		if n > 0 && !slices.ContainsFunc(as, func(a string) bool { return slices.Contains(p.Expected, a) }) {
			out = append(out, FormatCount(n)+" "+what)
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
	found(p.Unanswered.Traces, "unanswered", "unanswered")
	for _, code := range slices.Sorted(maps.Keys(p.RefusedByCode)) {
		if !slices.ContainsFunc(p.Expected, func(e string) bool {
			return strings.HasPrefix(e, "refused ") && slices.Contains(strings.Fields(e), code)
		}) {
			out = append(out, FormatCount(p.RefusedByCode[code].Traces)+" refused "+code)
		}
	}
	return out
}
