package topology

import "slices"

// Wide makes the parents of a tree of which nothing but its size is given, in the
// order of a walk. A first chain has the levels; the others join a span above the
// last level, often the one that the span before them joined: so width carries
// the tail, as it does in the wild.
func Wide(size Size, s Source) []int {
	n := size.Spans
	parent, level := make([]int, n), make([]int, n)
	inner := make([]int, 0, n) // spans that may have children
	parent[0] = -1
	last := 0
	for k := range n {
		switch {
		case k == 0:
		case k < size.Levels:
			parent[k] = k - 1
		default:
			if k == size.Levels || below(s, 4) == 0 {
				last = inner[below(s, len(inner))]
			}
			parent[k] = last
		}
		if k > 0 {
			level[k] = level[parent[k]] + 1
		}
		if level[k]+1 < size.Levels {
			inner = append(inner, k)
		}
	}
	parents := make([]int, 0, n)
	place := make([]int, n)
	walk(parent, func(k int) {
		place[k] = len(parents)
		if k == 0 {
			parents = append(parents, -1)
		} else {
			parents = append(parents, place[parent[k]])
		}
	})
	return parents
}

// walk visits the spans of a tree, parents before children and children in the
// order of their numbers. Levels are up to the scenario: without recursion.
func walk(parent []int, visit func(k int)) {
	first, next := make([]int, len(parent)), make([]int, len(parent))
	for k := range first {
		first[k] = -1
	}
	for k := len(parent) - 1; k > 0; k-- {
		next[k], first[parent[k]] = first[parent[k]], k
	}
	stack := []int{0}
	for len(stack) > 0 {
		k := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		visit(k)
		from := len(stack)
		for c := first[k]; c >= 0; c = next[c] {
			stack = append(stack, c)
		}
		slices.Reverse(stack[from:])
	}
}
