package plan

// Window is a range of requests, From … To-1, that lie in an incident of the
// scenario, by its index.
type Window struct {
	From, To uint64
	Incident int
}

// Episode is what is drawn while an incident lasts: for each shape that the
// incident touches, other templates; none where the usual ones serve.
type Episode struct {
	Pools []Pool // by shape
}

// Schedule says which requests lie in incidents: windows in order, none of
// which overlap; and where phases begin, and in the end where the last one ends.
func (p *Plan) Schedule(windows []Window, phases ...uint64) { p.windows, p.phases = windows, phases }

// Windows returns what Schedule was given.
func (p *Plan) Windows() []Window { return p.windows }

// Incident is the index of the incident in which request seq lies; -1 for none.
func (p *Plan) Incident(seq uint64) int {
	low, high := 0, len(p.windows)
	for low < high {
		if mid := (low + high) / 2; p.windows[mid].To <= seq {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == len(p.windows) || seq < p.windows[low].From {
		return -1
	}
	return p.windows[low].Incident
}

// episode is the episode of request seq; nil at other times.
func (p *Plan) episode(seq uint64) *Episode {
	if i := p.Incident(seq); i >= 0 {
		return &p.Episodes[i]
	}
	return nil
}
