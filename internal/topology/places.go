package topology

// Place is an operation, by numbers.
type Place struct{ Kind, Service, Operation int }

// storeWeight is how much less often a kind has a service of its own when it
// calls no one: many services share a store.
const storeWeight = 1.0 / 3

// ShareOut shares services out among the kinds: one of each, and the others about
// in proportion to calls.
func ShareOut(kinds []Kind, services int) {
	weight := func(k Kind) float64 {
		if k.Calls {
			return k.Share
		}
		return k.Share * storeWeight
	}
	total, sum, made := 0.0, 0.0, 0
	for _, k := range kinds {
		total += weight(k)
	}
	others := float64(max(0, services-len(kinds)))
	for i := range kinds {
		sum += weight(kinds[i])
		upTo := i + 1 + int(others*sum/total+0.5)
		kinds[i].Services, made = upTo-made, upTo
	}
}

// operationsFirst is how many operations of a service are tried first.
const operationsFirst = 4

// Places gives every span of a tree an operation: spans of one edge have the same,
// and no two edges of the tree lead from one operation to the same other one.
func (g *Grower) Places(t Tree, s Source) []Place {
	places, edges := make([]Place, len(t.Parent)), make([]Place, len(t.Kinds))
	known := make([]bool, len(t.Kinds))
	type edge struct{ from, to Place }
	seen := make(map[edge]struct{}, len(edges))
	for k, parent := range t.Parent {
		switch e := t.Edge[k]; {
		case parent < 0:
			kind := g.entry(s)
			places[k] = Place{kind, popular(s, g.aim.Kinds[kind].Services), below(s, operationsFirst)}
		case known[e]:
			places[k] = edges[e]
		default:
			kind := t.Kinds[e]
			// The choice widens with each try, so it ends.
			for choice := operationsFirst; !known[e]; choice++ {
				to := Place{kind, popular(s, g.aim.Kinds[kind].Services), below(s, choice)}
				if _, ok := seen[edge{places[parent], to}]; !ok {
					seen[edge{places[parent], to}] = struct{}{}
					edges[e], known[e], places[k] = to, true, to
				}
			}
		}
	}
	return places
}

// entry is the kind of a root: of those that call, by their numbers of services.
func (g *Grower) entry(s Source) int {
	all := 0
	for _, k := range g.aim.Kinds {
		if k.Calls {
			all += k.Services
		}
	}
	at := below(s, all)
	for i, k := range g.aim.Kinds {
		if !k.Calls {
			continue
		}
		if at -= k.Services; at < 0 {
			return i
		}
	}
	return 0
}

// popular picks one of n services as the wild does: the first twentieth of them
// get more than a third of the calls, and the last ones a third of their part.
func popular(s Source, n int) int {
	u := unit(s)
	return int(u * u * u * float64(n))
}
