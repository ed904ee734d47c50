package results

// Pressure says when and how a target gave way, by the seconds of the load in
// which requests were not answered 2xx, or could not be sent. It is not there for one
// that took all.
type Pressure struct {
	FromS int `json:"from_s"` // the first such second
	ToS   int `json:"to_s"`   // the end of the last
	// Seconds is how many there were, and WorstS the one in which most were lost.
	Seconds int `json:"seconds"`
	WorstS  int `json:"worst_s"`
	// Refused were answered otherwise, Unanswered not at all, Unsent never left.
	Refused    uint64 `json:"refused"`
	Unanswered uint64 `json:"unanswered"`
	Unsent     uint64 `json:"unsent"`
	// Recovered says that the load went on after ToS, and all of it was taken.
	Recovered bool `json:"recovered"`
}

// Lost are the requests of a second that were answered otherwise than 2xx, not at
// all, and never sent.
func (s *Second) Lost() (refused, unanswered, unsent uint64) {
	unanswered = s.Errors.Total()
	return s.Sent - min(s.Sent, s.Delivered+unanswered), unanswered, s.Planned - min(s.Planned, s.Sent)
}

// PressureOf reads the pressure off the seconds of a record; nil for none.
func PressureOf(rec *Record) *Pressure {
	p, last, worst := &Pressure{}, 0, uint64(0)
	for i := range rec.Seconds {
		s := &rec.Seconds[i]
		if s.Planned == 0 && s.Sent == 0 {
			continue // nothing was due
		}
		last = s.T + 1
		refused, unanswered, unsent := s.Lost()
		lost := refused + unanswered + unsent
		if lost == 0 {
			continue
		}
		if p.Seconds == 0 {
			p.FromS = s.T
		}
		if lost > worst {
			worst, p.WorstS = lost, s.T
		}
		p.Seconds++
		p.ToS = s.T + 1
		p.Refused += refused
		p.Unanswered += unanswered
		p.Unsent += unsent
	}
	if p.Seconds == 0 {
		return nil
	}
	p.Recovered = p.ToS < last
	return p
}
