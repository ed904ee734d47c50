package trees

// assign gives every node an operation, so that the wanted share of a trace's
// edges (caller → callee operation) occurs more than once in it.
//
// Siblings are visited in order. A new edge is either single, to an operation
// that its caller has not called yet in this trace, or the first of a run of
// siblings that call the same. With D edges so far, R of them repeated, and one
// random φ in [0, 1) for the whole trace, a run starts when
//
//	R + φ < share·(D+1)
//
// which rounds share·D up or down at random: the mean of R is share·D even in
// traces that have less than one repeated edge each.
func (t *statistical) assign(nodes []node, s *stream) {
	share := float64(t.given.RepeatedEdges)
	phi := s.unit()
	type group struct { // the children of a node
		left    int // that have no operation yet
		run     int // of those, how many continue the run
		runTown int
		runOp   int
	}
	groups := make([]group, len(nodes))
	for k := len(nodes) - 1; k > 0; k-- {
		groups[nodes[k].parent].left++
	}
	places := make([]place, len(nodes))
	type edge struct{ from, to place }
	seen := make(map[edge]struct{}, len(nodes))
	distinct, repeated := 0, 0

	places[0] = place{t.byKind[web][0], s.below(4)}
	nodes[0].op = t.operation(places[0].town, places[0].op)
	for k := 1; k < len(nodes); k++ {
		g := &groups[nodes[k].parent]
		calls := groups[k].left > 0
		if g.run > 0 && (!calls || t.towns[g.runTown].calls()) {
			places[k] = place{g.runTown, g.runOp}
			g.run--
		} else {
			from := places[nodes[k].parent]
			to := t.unused(s, calls, func(to place) bool {
				_, ok := seen[edge{from, to}]
				return !ok
			})
			seen[edge{from, to}] = struct{}{}
			places[k] = to
			g.run = 0
			if g.left > 1 && float64(repeated)+phi < share*float64(distinct+1) {
				repeated++
				g.runTown, g.runOp, g.run = to.town, to.op, runLength(s, g.left)-1
			}
			distinct++
		}
		g.left--
		nodes[k].op = t.operation(places[k].town, places[k].op)
	}
}

// place is an operation, by number.
type place struct{ town, op int }

// runLength is how often a repeated edge occurs, from 2 to most: mostly twice,
// and now and then any number of times, as a loop over rows does.
func runLength(s *stream, most int) int {
	if s.below(5) > 0 {
		return 2
	}
	return 2 + s.below(most-1)
}

// calls says that operations of the town may have children.
func (w *town) calls() bool { return w.class == web || w.class == rpc }

// unused picks an operation, of a town that calls others if it must, until ok
// takes it. The choice of operations widens with each try, so it ends.
func (t *statistical) unused(s *stream, calls bool, ok func(place) bool) place {
	for choice := 4; ; choice++ {
		var to place
		if calls {
			to.town = t.innerTown(s)
		} else {
			to.town = t.leafTown(s)
		}
		to.op = s.below(choice)
		if ok(to) {
			return to
		}
	}
}

// Shares of callers that call their children in parallel.
const (
	parallelShare = 0.3
	// wideFanOut is from how many children on that share is parallelWide.
	wideFanOut   = 16
	parallelWide = 0.8
)

// time gives every node its start and duration: first, from the leaves up, how
// long each lasts and how far into its parent it starts, then the starts.
func (t *statistical) time(nodes []node, s *stream) {
	// Lists of children; 0 ends them, for the root is no one's child.
	first, next := make([]int, len(nodes)), make([]int, len(nodes))
	fanOut := make([]int, len(nodes))
	for k := len(nodes) - 1; k >= 0; k-- {
		if p := nodes[k].parent; p >= 0 {
			next[k], first[p] = first[p], k
			fanOut[p]++
		}
	}
	for k := len(nodes) - 1; k >= 0; k-- {
		n := &nodes[k]
		work := drawDuration(n.op.duration, s.Uint64())
		n.failed = s.happens(n.op.errorRate)
		p := parallelShare
		if fanOut[k] > wideFanOut {
			p = parallelWide
		}
		parallel := fanOut[k] > 1 && s.happens(p)
		before := work / 2
		at, end := before, before
		for c := first[k]; c != 0; c = next[c] {
			nodes[c].start = at
			end = max(end, at+nodes[c].duration)
			if !parallel {
				at = end
			}
		}
		n.duration = end + work - before
	}
	for k := 1; k < len(nodes); k++ {
		nodes[k].start += nodes[nodes[k].parent].start
	}
}
