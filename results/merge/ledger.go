package merge

import (
	"cmp"
	"maps"
	"slices"

	"github.com/spanstorm/spanstorm/results"
)

// joinLedger adds the account of a share. Every column is a count of chunks that
// only one of the generators sent, so the identities of the sum hold when those
// of the parts do. Claims are totals of the one target that all shares loaded:
// the largest of each is the latest.
func joinLedger(to, from *results.Ledger) {
	if to.Source == "" {
		to.Source = from.Source
	}
	to.Drained = to.Drained && from.Drained
	to.Account = to.Account.Plus(from.Account)
	to.Foreign = to.Foreign.Plus(from.Foreign)
	to.StatsPayloads += from.StatsPayloads
	for form, n := range from.Forwarded {
		if to.Forwarded == nil {
			to.Forwarded = map[string]uint64{}
		}
		to.Forwarded[form] += n
	}
	to.RefusedByCode = addPairs(to.RefusedByCode, from.RefusedByCode)
	to.DroppedByReason = addPairs(to.DroppedByReason, from.DroppedByReason)
	to.ByShape = joinParts(to.ByShape, from.ByShape)
	to.ByFault = joinParts(to.ByFault, from.ByFault)
	to.NoFault = joinAccounts(to.NoFault, from.NoFault)
	to.ByIncident = joinParts(to.ByIncident, from.ByIncident)
	to.NoIncident = joinAccounts(to.NoIncident, from.NoIncident)
	to.Altered = joinAltered(to.Altered, from.Altered)
	for _, c := range from.Claims {
		known := false
		for i := range to.Claims {
			if mine := &to.Claims[i]; mine.Source == c.Source && mine.Name == c.Name {
				known = true
				mine.Value, mine.Seen, mine.Excess = max(mine.Value, c.Value), mine.Seen+c.Seen, max(mine.Excess, c.Excess)
				if mine.Difference != nil {
					difference := mine.Value - mine.Seen
					mine.Difference = &difference
				}
			}
		}
		if !known {
			to.Claims = append(to.Claims, c)
		}
	}
	to.Examples.Missing = joinExamples(to.Examples.Missing, from.Examples.Missing)
	to.Examples.Dropped = joinExamples(to.Examples.Dropped, from.Examples.Dropped)
	to.Examples.Refused = joinExamples(to.Examples.Refused, from.Examples.Refused)
	to.Examples.Duplicated = joinExamples(to.Examples.Duplicated, from.Examples.Duplicated)
}

// joinAltered adds up two samples: what one of them leaves out of its fields may have
// been more of one that the other lists, so then the spans of a field are at least these.
func joinAltered(to, from *results.Altered) *results.Altered {
	if to == nil || from == nil {
		return cmp.Or(to, from)
	}
	sum := &results.Altered{
		Compared: to.Compared.Plus(from.Compared), Altered: to.Altered.Plus(from.Altered),
		NoFault:    to.NoFault.Plus(from.NoFault),
		Fields:     slices.Clone(to.Fields),
		MoreFields: max(to.MoreFields, from.MoreFields),
	}
	for _, f := range from.Fields {
		sum.AddField(f)
	}
	sum.SortFields()
	return sum
}

// joinAccounts adds accounts that not every share has.
func joinAccounts(to, from *results.Account) *results.Account {
	if to == nil || from == nil {
		return cmp.Or(to, from)
	}
	sum := to.Plus(*from)
	return &sum
}

func addPairs(to, from map[string]results.Count) map[string]results.Count {
	if to == nil {
		to = map[string]results.Count{}
	}
	for k, n := range from {
		to[k] = to[k].Plus(n)
	}
	return to
}

func joinParts(to, from []results.Part) []results.Part {
	for _, p := range from {
		known := false
		for i := range to {
			if to[i].Name == p.Name {
				known = true
				to[i].Account = to[i].Account.Plus(p.Account)
				to[i].Altered = to[i].Altered.Plus(p.Altered)
				if p.RefusedByCode != nil {
					to[i].RefusedByCode = addPairs(maps.Clone(to[i].RefusedByCode), p.RefusedByCode)
				}
			}
		}
		if !known {
			to = append(to, p)
		}
	}
	return to
}

func joinExamples(to, from []results.Example) []results.Example {
	return append(to, from[:min(len(from), max(0, results.ExamplesMax-len(to)))]...)
}
