package results

// Loss is what was lost in a stretch of a run.
type Loss struct {
	FromS, ToS int    // the seconds of it, the last one not included
	Sent       uint64 // requests
	// Missing are traces that were delivered and never came out; see [Second]. The others
	// are requests.
	Missing, Refused, Unanswered, Unsent uint64
}

// Any says that something was lost.
func (l *Loss) Any() bool { return l.Missing+l.Refused+l.Unanswered+l.Unsent > 0 }

func (l *Loss) add(m *Loss) {
	l.Sent += m.Sent
	l.Missing += m.Missing
	l.Refused += m.Refused
	l.Unanswered += m.Unanswered
	l.Unsent += m.Unsent
}

// LossAbout is what was lost about the time from one moment to another, in seconds
// since the load began: in the seconds that it touches; in those before them without
// a gap in which traces were delivered that never came out, as a target holds traces
// for a while and loses them when it ends; and in those after them without a gap in
// which anything was lost, until the target had recovered.
func LossAbout(rec *Record, fromS, toS float64) Loss {
	var seconds []Loss // a second that two phases share is one
	for i := range rec.Seconds {
		s := &rec.Seconds[i]
		if n := len(seconds); n == 0 || seconds[n-1].FromS != s.T {
			seconds = append(seconds, Loss{FromS: s.T, ToS: s.T + 1})
		}
		refused, unanswered, unsent := s.Lost()
		seconds[len(seconds)-1].add(&Loss{Sent: s.Sent, Missing: s.Missing, Refused: refused, Unanswered: unanswered, Unsent: unsent})
	}
	first, end := 0, 0 // of those that are touched
	for i := range seconds {
		if float64(seconds[i].ToS) <= fromS {
			first = i + 1
		}
		if float64(seconds[i].FromS) <= toS {
			end = i + 1
		}
	}
	if first >= end {
		return Loss{}
	}
	for first > 0 && seconds[first-1].Missing > 0 {
		first--
	}
	for end < len(seconds) && seconds[end].Any() {
		end++
	}
	sum := Loss{FromS: seconds[first].FromS, ToS: seconds[end-1].ToS}
	for i := first; i < end; i++ {
		sum.add(&seconds[i])
	}
	return sum
}
