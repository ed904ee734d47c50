package results

// Event is something that was done on purpose during a run, as the scenario has
// it: to the intake, to the target, or to the connections to it.
type Event struct {
	Name   string `json:"name"`
	Effect string `json:"effect"` // what happened, for people
	// AtS and ForS place it on the axis of Seconds, as it came about; ForS is 0 for
	// what takes no time.
	AtS  float64 `json:"at_s"`
	ForS float64 `json:"for_s"`
	// Error says why it did not come about, or not wholly.
	Error string `json:"error,omitempty"`
}

// EndS is when the event was over.
func (e *Event) EndS() float64 { return e.AtS + e.ForS }

// Restart is an end of the target after which it was started again.
type Restart struct {
	Exit
	UpAtS float64 `json:"up_at_s"`         // when it was healthy again, in seconds since the load began
	Event string  `json:"event,omitempty"` // that ended it; empty when it died by itself
}
