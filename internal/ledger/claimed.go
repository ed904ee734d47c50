package ledger

import (
	"maps"
	"slices"

	"github.com/spanstorm/spanstorm/results"
)

// Without an intake the columns are filled from the claims of one source, and of
// spans they hold exactly what it claims. Where it counts spans only, as many
// chunks are taken for lost as can be, the smallest ones: so accepted is a lower
// bound of the traces, and what is dropped or missing an upper one.

// fills says that a claim may explain chunks: where one source is believed, the
// others are only set beside it.
func (b *book) fills(c results.Claim) bool {
	l := results.Ledger{Source: b.sheet.Source}
	return b.sheet.Arrivals != nil || !l.Claimed() || c.Source == b.sheet.Source
}

// explainSpans fills in what the believed source claims of spans. groups have
// explained chunks; rest is what they have left, and total what they moved.
func (b *book) explainSpans(l *results.Ledger, groups []explained, rest *pool, total *moves) {
	if b.sheet.Arrivals != nil || !(&results.Ledger{Source: b.sheet.Source}).Claimed() {
		return
	}
	accepted, dropped := map[string]uint64{}, map[string]uint64{} // spans by reason
	for _, c := range b.sheet.Claims {
		s := speaksOf(c.Meaning)
		if s.unit != unitSpans || c.Source != b.sheet.Source || !(c.Value > 0) {
			continue
		}
		switch s.column {
		case meaningAccepted:
			accepted[""] += whole(c.Value)
		case meaningDropped:
			if s.reason == "" {
				s.reason = Reason(c.Name)
			}
			dropped[s.reason] += whole(c.Value)
		}
	}
	traced := func(column string) bool {
		return slices.ContainsFunc(groups, func(g explained) bool { return g.column == column })
	}
	if spans, said := accepted[""]; said && traced(meaningAccepted) {
		// The chunks are known; nobody could know their spans before.
		both := total.accepted.Spans + rest.lost.Spans
		total.accepted.Spans = min(spans, both)
		rest.lost.Spans = both - total.accepted.Spans
	}
	if traced(meaningDropped) {
		b.correctDropped(l, dropped, rest, total)
	} else {
		for _, reason := range slices.Sorted(maps.Keys(dropped)) {
			n := rest.takeSpans(dropped[reason])
			l.DroppedByReason[reason] = l.DroppedByReason[reason].Plus(n)
			total.add(meaningDropped, n)
		}
	}
	if spans, said := accepted[""]; said && !traced(meaningAccepted) {
		lost := minus(rest.lost.Spans, spans)
		all := rest.lost
		rest.lost = rest.takeSpans(lost)
		total.add(meaningAccepted, results.Count{Traces: all.Traces - rest.lost.Traces, Spans: all.Spans - rest.lost.Spans})
	}
}

// correctDropped brings the spans of dropped chunks, of which the fewest possible
// are counted, up to what is claimed of them. They go with the commonest reason.
func (b *book) correctDropped(l *results.Ledger, claimed map[string]uint64, rest *pool, total *moves) {
	var spans uint64
	for _, n := range claimed {
		spans += n
	}
	more := min(minus(spans, sumCounts(l.DroppedByReason).Spans), rest.lost.Spans)
	commonest := ""
	for _, reason := range slices.Sorted(maps.Keys(l.DroppedByReason)) {
		if commonest == "" || l.DroppedByReason[reason].Traces > l.DroppedByReason[commonest].Traces {
			commonest = reason
		}
	}
	if more == 0 || total.dropped.Traces == 0 {
		return
	}
	n := results.Count{Spans: more}
	l.DroppedByReason[commonest] = l.DroppedByReason[commonest].Plus(n)
	total.add(meaningDropped, n)
	rest.lost.Spans -= more
}

// takeSpans removes n spans, and as many chunks as they can be, the smallest ones.
func (p *pool) takeSpans(n uint64) results.Count {
	out := results.Count{Spans: min(n, p.lost.Spans)}
	if out.Spans == p.lost.Spans { // all of them
		out, p.lost, p.sizes = p.lost, results.Count{}, map[int32]uint64{}
		return out
	}
	left := out.Spans
	for _, size := range slices.Sorted(maps.Keys(p.sizes)) {
		k := p.sizes[size]
		if size > 0 {
			k = min(k, left/uint64(size))
		}
		left -= k * uint64(size)
		out.Traces += k
		if p.sizes[size] -= k; p.sizes[size] == 0 {
			delete(p.sizes, size)
		}
	}
	p.lost.Traces -= out.Traces
	p.lost.Spans -= out.Spans
	return out
}
