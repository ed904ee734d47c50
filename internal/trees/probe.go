package trees

// Probe returns the trace that checks the path of a run: one span of a service
// of its own, which no scenario mistakes for load.
func (d *Dresser) Probe(key uint64) []Span {
	svc := &service{
		name: "spanstorm", app: "spanstorm", typ: "custom", language: "go", version: "1.0.0", host: "spanstorm",
		instances: make([]instance, instancesPerService),
	}
	op := &operation{service: svc, name: "spanstorm.probe", resource: resourceRule{values: []string{"probe"}}, typ: "custom", class: custom, kind: internal}
	return d.dress([]node{{op: op, parent: -1, duration: 1_000_000, cause: -1}}, key)
}
