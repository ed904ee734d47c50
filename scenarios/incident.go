package scenarios

import "strings"

// Incident is a time of the run at which operations are slow or fail more.
type Incident struct {
	Name string `json:"name" doc:"Name in reports. Default incident-N."`
	// At is counted by the timetable: as if each phase began when the one before it was to end.
	At         Duration `json:"at" lang:"required" doc:"When it begins, from the start of the load, over all phases."`
	For        Duration `json:"for" lang:"required" doc:"How long it lasts."`
	Operations []string `json:"operations" lang:"required;one" doc:"What it affects: service.operation, or service.* for all of a service."`
	ErrorRate  Share    `json:"error_rate" doc:"Share of their spans that fail by themselves, where that is more than usual. Default 0."`
	Slowdown   Factor   `json:"slowdown" doc:"How many times as long their own work takes. Default 1x."`
}

// Hits says that the incident affects an operation, given as service.operation.
func (in *Incident) Hits(ref string) bool {
	for _, hit := range in.Operations {
		if hit == ref {
			return true
		}
		// Names of operations hold no dots.
		if service, all := strings.CutSuffix(hit, ".*"); all && ref[:strings.LastIndexByte(ref, '.')] == service {
			return true
		}
	}
	return false
}

// Effect says what the incident does to the operations, for people.
func (in *Incident) Effect() string {
	var effects []string
	if in.Slowdown > 1 {
		effects = append(effects, "own work takes "+in.Slowdown.String()+" as long")
	}
	if in.ErrorRate > 0 {
		effects = append(effects, in.ErrorRate.String()+" of spans fail")
	}
	return strings.Join(in.Operations, ", ") + ": " + strings.Join(effects, ", ")
}
