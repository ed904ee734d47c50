package topology

// growing is a tree that grows, spans in the order of their making.
type growing struct {
	g      *Grower
	source Source
	size   Size
	spans  []span
	edges  []edge
	room   int   // spans that are still to come
	open   []int // spans that call nothing yet, and may
	caller []int // spans that call
	widest int   // the most operations that a span calls, unless there is no other way
}

type span struct {
	parent, level int
	edge          int
	operations    int
}

type edge struct {
	caller, times, kind int
	calls               bool // some span of it calls others
}

// Grow grows one tree.
//
// First comes a chain of as many spans as there are levels. Each of its callers
// then gets the operations and the repeated calls that are drawn for it, while
// there is room. After that spans that call nothing yet are opened, at random,
// each as a caller of its own; where there is none, callers get more than was
// drawn for them.
func (g *Grower) Grow(size Size, source Source) Tree {
	t := growing{g: g, source: source, size: size, room: size.Spans, widest: g.aim.FanOut[len(g.aim.FanOut)-1].To}
	t.spans = make([]span, 0, size.Spans)
	t.edges = make([]edge, 0, size.Spans)
	t.add(span{parent: -1, edge: -1})
	for k := 1; k < size.Levels; k++ {
		t.addEdge(k - 1)
	}
	for k := range size.Levels - 1 {
		t.repeat(k) // the edge to span k+1 has the number k
	}
	for k := range size.Levels - 1 {
		t.widen(k)
	}
	for t.room > 0 {
		t.more()
	}
	t.chooseKinds()
	return t.tree()
}

func (t *growing) add(s span) {
	if s.parent >= 0 {
		s.level = t.spans[s.parent].level + 1
	}
	t.spans = append(t.spans, s)
	t.room--
	if s.level+1 < t.size.Levels && s.level+1 != len(t.spans) { // the chain calls anyway
		t.open = append(t.open, len(t.spans)-1)
	}
}

// addEdge makes a span call one more operation, once.
func (t *growing) addEdge(caller int) {
	if t.spans[caller].operations == 0 {
		t.caller = append(t.caller, caller)
	}
	t.spans[caller].operations++
	t.edges = append(t.edges, edge{caller: caller, times: 1})
	t.add(span{parent: caller, edge: len(t.edges) - 1})
}

// repeat calls an edge as often as is drawn, while there is room.
func (t *growing) repeat(e int) {
	for n := draw(t.g.aim.Calls, t.source); t.edges[e].times < n && t.room > 0; {
		t.again(e)
	}
}

func (t *growing) again(e int) {
	t.edges[e].times++
	t.add(span{parent: t.edges[e].caller, edge: e})
}

// widen makes a caller call as many operations as is drawn, while there is room.
func (t *growing) widen(caller int) {
	for n := draw(t.g.aim.FanOut, t.source); t.spans[caller].operations < n && t.room > 0; {
		t.addEdge(caller)
		t.repeat(len(t.edges) - 1)
	}
}

// more grows the tree by at least one span.
func (t *growing) more() {
	if n := len(t.open); n > 0 {
		i := below(t.source, n)
		caller := t.open[i]
		t.open[i] = t.open[n-1]
		t.open = t.open[:n-1]
		t.addEdge(caller)
		t.repeat(len(t.edges) - 1)
		t.widen(caller)
		return
	}
	// No one is left to begin: another operation for a caller, or another call.
	if draw(t.g.aim.Calls, t.source) == 1 {
		if caller := t.caller[below(t.source, len(t.caller))]; t.spans[caller].operations < t.widest {
			t.addEdge(caller)
			return
		}
	}
	t.again(below(t.source, len(t.edges)))
}

// chooseKinds gives every edge a kind: of those that may call, where a span of it does.
func (t *growing) chooseKinds() {
	for _, caller := range t.caller {
		if e := t.spans[caller].edge; e >= 0 {
			t.edges[e].calls = true
		}
	}
	all, calling := 0.0, 0.0
	for _, k := range t.g.aim.Kinds {
		all += k.Share
		if k.Calls {
			calling += k.Share
		}
	}
	for i := range t.edges {
		e := &t.edges[i]
		u := unit(t.source) * all
		if e.calls {
			u *= calling / all
		}
		for k, kind := range t.g.aim.Kinds {
			if kind.Share == 0 || e.calls && !kind.Calls {
				continue
			}
			e.kind = k
			if u -= kind.Share; u < 0 {
				break
			}
		}
	}
}

// tree puts the spans into the order of a walk.
func (t *growing) tree() Tree {
	n := len(t.spans)
	parent, place := make([]int, n), make([]int, n)
	for k := range n {
		parent[k] = t.spans[k].parent
	}
	out := Tree{Parent: make([]int, 0, n), Edge: make([]int, 0, n)}
	walk(parent, func(k int) {
		place[k] = len(out.Parent)
		p := -1
		if k > 0 {
			p = place[parent[k]]
		}
		out.Parent, out.Edge = append(out.Parent, p), append(out.Edge, t.spans[k].edge)
	})
	for _, e := range t.edges {
		out.Kinds = append(out.Kinds, e.kind)
	}
	return out
}
