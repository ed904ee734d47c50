package ledger

import (
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/spanstorm/spanstorm/results"
)

// A claim's Meaning is a column of the account in snake case, of traces, or with
// ".spans" or ".requests" behind it of those. Two columns explain chunks that would
// otherwise be missing: "dropped", and "accepted" when there was no intake.
// "dropped:REASON" says the reason; otherwise it is read from the claim's name.
const (
	meaningDropped  = "dropped"
	meaningAccepted = "accepted"
)

// Reason is the drop reason in the name of a counter: its last part, in snake
// case. TracesDropped.SpanIDZero and traces_dropped{reason="span_id_zero"} are
// both span_id_zero.
func Reason(name string) string {
	name = strings.TrimRight(name, `"'})] `)
	if i := strings.LastIndexAny(name, `.:/="'{[ `); i >= 0 {
		name = name[i+1:]
	}
	var out strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && runes[i-1] != '_' {
			afterLower := !unicode.IsUpper(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterLower || beforeLower {
				out.WriteByte('_')
			}
		}
		if r == '-' {
			r = '_'
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// explained is what claims of one reason have explained so far.
type explained struct {
	column string
	reason string
	claims []int   // into Sheet.Claims
	left   uint64  // chunks that it still could explain
	most   float64 // what the most talkative source claims
	took   uint64
}

// explain adds up the cells into l and lets the claims move what is missing.
//
// Claims are totals. One of k chunks, for a reason that is documented for a
// fault, explains up to k missing chunks with that fault; what is left of it
// explains any others. Where a claim covers all the chunks in question, they
// move in the parts as well; where it covers some, nobody can say which, and
// only the sum above them moves. Of spans, as many move as that many chunks
// hold at least.
func (b *book) explain(l *results.Ledger) {
	groups := b.claimed()
	pools := b.pools()
	faultMoves := make([]moves, len(pools))
	var totalMoves moves

	for i := range groups {
		g := &groups[i]
		f := b.faultOf(g)
		if f < 0 || g.left == 0 || pools[f].lost.Traces == 0 {
			continue
		}
		all := g.left >= pools[f].lost.Traces
		n := pools[f].take(min(g.left, pools[f].lost.Traces))
		b.note(l, g, n)
		if all && faultMoves[f] == (moves{}) {
			b.moveAll(f, g.column)
			continue
		}
		faultMoves[f].add(g.column, n)
		totalMoves.add(g.column, n)
	}
	rest := merge(pools)
	for i := range groups {
		g := &groups[i]
		n := rest.take(min(g.left, rest.lost.Traces))
		b.note(l, g, n)
		totalMoves.add(g.column, n)
	}
	b.explainSpans(l, groups, &rest, &totalMoves)
	if column, one := totalMoves.one(); one && rest.lost == (results.Count{}) {
		for f := range pools {
			b.moveAll(f, column)
		}
		faultMoves, totalMoves = make([]moves, len(pools)), moves{}
	}
	b.sum(l, faultMoves, totalMoves)
	b.judge(l, groups)
}

// note books an explanation under its reason.
func (b *book) note(l *results.Ledger, g *explained, n results.Count) {
	g.took, g.left = g.took+n.Traces, g.left-n.Traces
	if g.column == meaningDropped && n.Traces > 0 {
		l.DroppedByReason[g.reason] = l.DroppedByReason[g.reason].Plus(n)
	}
}

// claimed groups the claims that explain something. Several sources that speak
// of one reason are not added up: the one that claims most is believed.
func (b *book) claimed() []explained {
	bySource := map[[2]string]map[string]float64{}
	claims := map[[2]string][]int{}
	for i, c := range b.sheet.Claims {
		column, reason := b.meaning(c)
		if column == "" || !(c.Value > 0) || !b.fills(c) {
			continue
		}
		key := [2]string{column, reason}
		if bySource[key] == nil {
			bySource[key] = map[string]float64{}
		}
		bySource[key][c.Source] += c.Value
		claims[key] = append(claims[key], i)
	}
	var out []explained
	for key, sources := range bySource {
		g := explained{column: key[0], reason: key[1], claims: claims[key]}
		for _, v := range sources {
			g.most = max(g.most, v)
		}
		g.left = whole(g.most)
		out = append(out, g)
	}
	slices.SortFunc(out, func(x, y explained) int { // accepted first, then by reason
		return strings.Compare(x.column+"\x00"+x.reason, y.column+"\x00"+y.reason)
	})
	return out
}

// whole is a counter's value as a number of chunks.
func whole(v float64) uint64 {
	switch {
	case !(v > 0):
		return 0
	case v >= math.MaxInt64:
		return math.MaxInt64
	}
	return uint64(v)
}

// meaning is the column that a claim can explain chunks with; "" for none.
func (b *book) meaning(c results.Claim) (column, reason string) {
	s := speaksOf(c.Meaning)
	switch {
	case s.unit != "":
	case s.column == meaningDropped && s.reason != "":
		return s.column, s.reason
	case s.column == meaningDropped:
		return s.column, Reason(c.Name)
	case s.column == meaningAccepted && b.sheet.Arrivals == nil && c.Source == b.sheet.Source:
		return s.column, ""
	}
	return "", ""
}

// faultOf is the pool of the fault that a group's reason is documented for; -1 for none.
func (b *book) faultOf(g *explained) int {
	if g.column != meaningDropped {
		return -1
	}
	for f, name := range b.sheet.Faults {
		reason, documented := b.sheet.Reasons[name]
		if !documented {
			reason = strings.ReplaceAll(name, "-", "_")
		}
		if reason == g.reason {
			return f + 1
		}
	}
	return -1
}

// moveAll moves every missing chunk with fault f-1 to another column, in all
// shapes, and its examples with it.
func (b *book) moveAll(f int, column string) {
	if column == meaningDropped {
		b.sampled.dropped.kept = append(b.sampled.dropped.kept, spread(b.missing[f].kept)...)
	}
	b.missing[f].kept = nil
	for s := range b.cells {
		c := &b.cells[s][f]
		move(&c.Account, column, c.lost)
		c.lost, c.sizes = results.Count{}, nil
	}
}

func move(a *results.Account, column string, n results.Count) {
	a.Missing.Traces -= n.Traces
	a.Missing.Spans -= n.Spans
	switch column {
	case meaningDropped:
		a.Dropped = a.Dropped.Plus(n)
	case meaningAccepted:
		a.Accepted = a.Accepted.Plus(n)
	}
}

// moves are counts on their way out of missing, by column.
type moves struct{ dropped, accepted results.Count }

func (m *moves) add(column string, n results.Count) {
	switch column {
	case meaningDropped:
		m.dropped = m.dropped.Plus(n)
	case meaningAccepted:
		m.accepted = m.accepted.Plus(n)
	}
}

// one is the only column that anything moves to; false when there are several or none.
func (m moves) one() (column string, ok bool) {
	none := results.Count{} // of a chunk some spans may move alone
	switch {
	case m.dropped != none && m.accepted == none:
		return meaningDropped, true
	case m.accepted != none && m.dropped == none:
		return meaningAccepted, true
	}
	return "", false
}

func (m moves) apply(a *results.Account) {
	move(a, meaningDropped, m.dropped)
	move(a, meaningAccepted, m.accepted)
}

// A pool is a number of chunks that nothing explains so far.
type pool struct {
	lost  results.Count
	sizes map[int32]uint64 // how many have how many spans
}

// take removes n chunks, the smallest ones, for nobody knows which: so the
// spans counted are the fewest that n of these chunks can have.
func (p *pool) take(n uint64) results.Count {
	var out results.Count
	for _, size := range slices.Sorted(maps.Keys(p.sizes)) {
		k := min(n-out.Traces, p.sizes[size])
		out = out.Plus(results.Count{Traces: k, Spans: k * uint64(size)})
		if p.sizes[size] -= k; p.sizes[size] == 0 {
			delete(p.sizes, size)
		}
		if out.Traces == n {
			break
		}
	}
	p.lost.Traces -= out.Traces
	p.lost.Spans -= out.Spans
	return out
}

// pools are the missing chunks by fault+1.
func (b *book) pools() []pool {
	out := make([]pool, len(b.sheet.Faults)+1)
	for f := range out {
		out[f].sizes = map[int32]uint64{}
		for s := range b.cells {
			c := &b.cells[s][f]
			out[f].lost = out[f].lost.Plus(c.lost)
			for size, n := range c.sizes {
				out[f].sizes[size] += n
			}
		}
	}
	return out
}

func merge(pools []pool) pool {
	out := pool{sizes: map[int32]uint64{}}
	for _, p := range pools {
		out.lost = out.lost.Plus(p.lost)
		for size, n := range p.sizes {
			out.sizes[size] += n
		}
	}
	return out
}

// columnOf finds a column by its name in the record.
func columnOf(a *results.Account, name string) (results.Count, bool) {
	switch name {
	case "sent":
		return a.Sent, true
	case "delivered":
		return a.Delivered, true
	case "refused":
		return a.Refused, true
	case "unanswered":
		return a.Unanswered, true
	case meaningAccepted:
		return a.Accepted, true
	case "sampled_out":
		return a.SampledOut, true
	case meaningDropped:
		return a.Dropped, true
	case "missing":
		return a.Missing, true
	case "duplicated":
		return a.Duplicated, true
	case "partial":
		return a.Partial, true
	}
	return results.Count{}, false
}
