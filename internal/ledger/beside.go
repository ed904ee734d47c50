package ledger

import (
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// spoken is what a claim speaks of: COLUMN[.spans|.requests][:REASON].
type spoken struct{ column, unit, reason string }

func speaksOf(meaning string) spoken {
	whole, reason, _ := strings.Cut(meaning, ":")
	column, unit, _ := strings.Cut(whole, ".")
	return spoken{column: column, unit: unit, reason: reason}
}

// judge sets the ledger's own figure beside every claim, with the difference,
// and says what a claim says beyond what there was to explain.
//
// Several counters of one source may share a figure: the agent's reasons for
// one answer, or for dropping spans. Each is then seen as far as it goes, and
// the last of them bears what is left, so that their differences add up to that
// of their sum.
func (b *book) judge(l *results.Ledger, groups []explained) {
	l.Claims = append([]results.Claim{}, b.sheet.Claims...)
	type figure struct {
		source string
		spoken
	}
	shared := map[figure][]int{}
	var order []figure
	for i, c := range l.Claims {
		f := figure{c.Source, speaksOf(c.Meaning)}
		if f.column == meaningDropped {
			f.reason = "" // of drops, the agent alone knows why
		}
		if shared[f] == nil {
			order = append(order, f)
		}
		shared[f] = append(shared[f], i)
	}
	for _, f := range order {
		claims := shared[f]
		switch {
		case f.column == meaningDropped && f.unit == "":
			// What each explained is known: see below.
		case f.column == meaningDropped && f.unit == unitSpans:
			// Of chunks that nobody saw, the spans are known within bounds only.
			var sum float64
			for _, i := range claims {
				sum += l.Claims[i].Value
			}
			least, most := float64(l.Dropped.Spans), float64(l.Dropped.Spans+l.Missing.Spans)
			share(l.Claims, claims, min(max(sum, least), most))
			for _, i := range claims {
				l.Claims[i].Excess = max(0, l.Claims[i].Value-l.Claims[i].Seen)
			}
		default:
			seen, known := b.seen(l, f.spoken)
			if !known {
				continue
			}
			if f.column == "refused" {
				share(l.Claims, claims, seen)
				continue
			}
			for _, i := range claims {
				beside(&l.Claims[i], seen)
			}
		}
	}
	for _, g := range groups {
		left := map[string]float64{}
		for _, i := range g.claims {
			c := &l.Claims[i]
			if _, known := left[c.Source]; !known {
				left[c.Source] = float64(g.took)
			}
			covered := min(c.Value, left[c.Source])
			left[c.Source] -= covered
			c.Excess = c.Value - covered
			if g.column == meaningDropped {
				beside(c, covered)
			}
		}
	}
}

// beside sets a figure of the ledger beside a claim.
func beside(c *results.Claim, seen float64) {
	difference := c.Value - seen
	c.Seen, c.Difference = seen, &difference
}

// share divides one figure among the claims that speak of it together.
func share(all []results.Claim, claims []int, seen float64) {
	for n, i := range claims {
		covered := min(all[i].Value, seen)
		if n == len(claims)-1 {
			covered = seen
		}
		seen -= covered
		beside(&all[i], covered)
	}
}

// Units that a claim counts in, beside traces.
const (
	unitSpans    = "spans"
	unitRequests = "requests"
)

// seen is the ledger's own figure for what a claim speaks of; false when there
// is none. Without an intake, what became of delivered chunks is made of claims,
// and cannot be set beside them.
func (b *book) seen(l *results.Ledger, s spoken) (float64, bool) {
	if s.unit == unitRequests {
		return b.requestsOf(s)
	}
	n, known := columnOf(&l.Account, s.column)
	switch s.column {
	case meaningAccepted, "missing", "duplicated", "partial":
		known = known && b.sheet.Arrivals != nil
	case "refused":
		if s.reason != "" {
			n = l.RefusedByCode[s.reason]
		}
	}
	if s.unit == unitSpans {
		return float64(n.Spans), known
	}
	return float64(n.Traces), known
}

// requestsOf counts requests by their outcome.
func (b *book) requestsOf(s spoken) (float64, bool) {
	var sum uint64
	for out, n := range b.requests {
		var in bool
		switch s.column {
		case "sent":
			in = true
		case "delivered":
			in = out.Delivered()
		case "refused":
			in = !out.Delivered() && out != Unanswered && (s.reason == "" || s.reason == code(out))
		case "unanswered":
			in = out == Unanswered
		default:
			return 0, false
		}
		if in {
			sum += n
		}
	}
	return float64(sum), true
}
