package results

// Incident is a time of the run at which operations were slow or failed more, as
// the scenario has it. One that the run did not reach is not in the record.
type Incident struct {
	Name       string   `json:"name"`
	Operations []string `json:"operations"` // service.operation, or service.* for all of a service
	Effect     string   `json:"effect"`     // what it does to them, for people
	// AtS and ForS place it on the axis of Seconds, as far as the run went.
	AtS  float64 `json:"at_s"`
	ForS float64 `json:"for_s"`
	// FirstSeq and LastSeq bound the requests that were due in it, where any were.
	FirstSeq uint64 `json:"first_seq"`
	LastSeq  uint64 `json:"last_seq"`
	Portion
}

// EndS is when the incident ended, or the run in it.
func (in *Incident) EndS() float64 { return in.AtS + in.ForS }

// Portion is what became of a part of a run's requests with traces, and their
// times, each read off a histogram of that part alone.
type Portion struct {
	Requests     Requests  `json:"requests"`
	SendDelay    Quantiles `json:"send_delay_ns"`
	ServiceTime  Quantiles `json:"service_time_ns"`
	ResponseTime Quantiles `json:"response_time_ns"`
}
