package ledger

import (
	"fmt"

	"github.com/spanstorm/spanstorm/results"
)

// sum adds the cells up into the ledger and its parts, applies what the claims
// have moved, and picks the examples.
func (b *book) sum(l *results.Ledger, faultMoves []moves, totalMoves moves) {
	var total results.Account
	byShape := make([]results.Account, len(b.sheet.Shapes))
	byFault := make([]results.Account, len(b.sheet.Faults)+1)
	byIncident := make([]results.Account, len(b.sheet.Incidents)+1)
	for s := range b.cells {
		for f := range b.cells[s] {
			c := &b.cells[s][f]
			add(&total, c.Account)
			add(&byShape[s%len(byShape)], c.Account)
			add(&byFault[f], c.Account)
			add(&byIncident[s/len(byShape)], c.Account)
		}
	}
	totalMoves.apply(&total)
	for f := range byFault {
		faultMoves[f].apply(&byFault[f])
	}
	l.Account = total
	for s, name := range b.sheet.Shapes {
		l.ByShape = append(l.ByShape, results.Part{Name: name, Account: byShape[s]})
	}
	for f, name := range b.sheet.Faults {
		l.ByFault = append(l.ByFault, results.Part{Name: name, Account: byFault[f+1], RefusedByCode: byCode(b.refused[f+1])})
	}
	if len(b.sheet.Faults) > 0 {
		l.NoFault = &byFault[0]
	}
	for i, name := range b.sheet.Incidents {
		l.ByIncident = append(l.ByIncident, results.Part{Name: name, Account: byIncident[i+1]})
	}
	if len(b.sheet.Incidents) > 0 {
		l.NoIncident = &byIncident[0]
	}

	var missing []sampled
	for f := range b.missing {
		missing = append(missing, spread(b.missing[f].kept)...)
	}
	if b.sheet.Arrivals == nil && total.Accepted.Traces > 0 {
		missing = nil // counters do not say which
	}
	l.Examples = results.Examples{
		Missing:    b.examples(missing),
		Dropped:    b.examples(b.sampled.dropped.kept),
		Refused:    b.examples(b.sampled.refused.kept),
		Duplicated: b.examples(b.sampled.duplicated.kept),
	}
}

// add adds every column of b to a.
func add(a *results.Account, b results.Account) {
	to, from := columns(a), columns(&b)
	for i := range to {
		*to[i] = to[i].Plus(*from[i])
	}
}

func columns(a *results.Account) [13]*results.Count {
	return [...]*results.Count{
		&a.Sent, &a.Delivered, &a.Refused, &a.Unanswered,
		&a.Accepted, &a.SampledOut, &a.Dropped, &a.Missing,
		&a.AcceptedThoughRefused, &a.AcceptedThoughUnanswered,
		&a.Duplicated, &a.DuplicatedByRetry, &a.Partial,
	}
}

// verify holds the ledger to its identities.
func verify(l results.Ledger) error {
	if err := balanced("the total", l.Account); err != nil {
		return err
	}
	var shapes, incidents results.Account
	for _, p := range l.ByShape {
		if err := balanced("shape "+p.Name, p.Account); err != nil {
			return err
		}
		add(&shapes, p.Account)
	}
	for _, p := range l.ByIncident {
		if err := balanced("incident "+p.Name, p.Account); err != nil {
			return err
		}
		add(&incidents, p.Account)
	}
	if l.NoIncident != nil {
		if err := balanced("no incident", *l.NoIncident); err != nil {
			return err
		}
		if add(&incidents, *l.NoIncident); incidents != shapes {
			return fmt.Errorf("the account is %+v over the shapes and %+v over the incidents", shapes, incidents)
		}
	}
	for _, p := range l.ByFault {
		if err := balanced("fault "+p.Name, p.Account); err != nil {
			return err
		}
	}
	if l.NoFault != nil {
		if err := balanced("no fault", *l.NoFault); err != nil {
			return err
		}
	}
	// Claims move totals and may leave the shapes behind; what was seen may not differ.
	sumOf := func(a results.Account) results.Count { return a.Accepted.Plus(a.Dropped).Plus(a.Missing) }
	for _, same := range []struct {
		column       string
		total, parts results.Count
	}{
		{"sent", l.Sent, shapes.Sent},
		{"delivered", l.Delivered, shapes.Delivered},
		{"refused", l.Refused, shapes.Refused},
		{"unanswered", l.Unanswered, shapes.Unanswered},
		{"sampled_out", l.SampledOut, shapes.SampledOut},
		{"accepted + dropped + missing", sumOf(l.Account), sumOf(shapes)},
	} {
		if same.total != same.parts {
			return fmt.Errorf("%s is %+v and %+v over the shapes", same.column, same.total, same.parts)
		}
	}
	if sum := sumCounts(l.RefusedByCode); sum != l.Refused {
		return fmt.Errorf("refused is %+v and %+v over the codes", l.Refused, sum)
	}
	if sum := sumCounts(l.DroppedByReason); sum != l.Dropped {
		return fmt.Errorf("dropped is %+v and %+v over the reasons", l.Dropped, sum)
	}
	return nil
}

// balanced checks both identities, for traces and for spans.
func balanced(what string, a results.Account) error {
	if sum := a.Delivered.Plus(a.Refused).Plus(a.Unanswered); sum != a.Sent {
		return fmt.Errorf("%s: sent is %+v, delivered + refused + unanswered is %+v", what, a.Sent, sum)
	}
	sum := a.Accepted.Plus(a.SampledOut).Plus(a.Dropped).Plus(a.Missing)
	if sum != a.Delivered {
		return fmt.Errorf("%s: delivered is %+v, accepted + sampled_out + dropped + missing is %+v", what, a.Delivered, sum)
	}
	return nil
}

func sumCounts(m map[string]results.Count) results.Count {
	var sum results.Count
	for _, n := range m {
		sum = sum.Plus(n)
	}
	return sum
}
