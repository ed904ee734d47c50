package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/internal/limits"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

func (v *validator) services() {
	for name, service := range v.s.Services {
		path := []any{"services", name}
		v.bytes(path, true, "the service name", name, limits.ServiceBytes)
		v.bytes(grammar.Under(path, "type"), false, "type", service.Type, limits.TypeBytes)
		v.bytes(grammar.Under(path, "app"), false, "app", service.App, limits.ServiceBytes)
		if len(service.Operations) == 0 && v.Written(grammar.Under(path, "operations")...) {
			v.Fail(grammar.Under(path, "operations"), "give it an operation, or leave the service out", "the service %s has no operations", grammar.Shorten(name))
		}
		for key, op := range service.Operations {
			v.operation(grammar.Under(path, "operations", key), key, op)
		}
	}
	if len(v.ops) > MaxOperations {
		v.Fail([]any{"services"}, "", "there are %d operations, more than %d", len(v.ops), MaxOperations)
	}
}

func (v *validator) operation(path []any, key string, op *Operation) {
	if key == "" || strings.Contains(key, ".") {
		v.FailKey(path, "the dot divides service from operation in calls; use a dash", "an operation cannot be called %s", grammar.Shorten(key))
	}
	if v.Written(grammar.Under(path, "name")...) {
		v.bytes(grammar.Under(path, "name"), false, "name", op.Name, limits.NameBytes)
	}
	v.resource(grammar.Under(path, "resource"), op.Resource)
	v.bytes(grammar.Under(path, "type"), false, "type", op.Type, limits.TypeBytes)
	weights := weighing{validator: v}
	for i, e := range op.Errors {
		at := grammar.Under(path, "errors", i)
		if v.Written(grammar.Under(at, "type")...) {
			v.bytes(grammar.Under(at, "type"), false, "type", e.Type, limits.MetaValueBytes)
		}
		v.length(grammar.Under(at, "message"), "message", e.Message)
		weights.add(grammar.Under(at, "weight"), "weight", e.Weight)
	}
	if len(op.Errors) > 0 {
		weights.sum(grammar.Under(path, "errors"), "errors")
	}
	for name, tag := range op.Tags {
		at := grammar.Under(path, "tags", name)
		v.bytes(at, true, "the tag name", name, limits.MetaKeyBytes)
		for _, value := range tag.Values {
			v.length(at, "the tag "+grammar.Shorten(name), value)
		}
	}
	for name := range op.Metrics {
		v.bytes(grammar.Under(path, "metrics", name), true, "the metric name", name, limits.MetricKeyBytes)
	}
	v.extras(path, op)
	v.calls(grammar.Under(path, "calls"), op.Calls)
}

func (v *validator) resource(path []any, r Resource) {
	for i, resource := range r.Values {
		v.bytes(grammar.Under(path, i), false, "resource", resource, limits.ResourceBytes)
	}
	switch pattern := grammar.Under(path, "pattern"); {
	case v.Written(pattern...) && !v.Unread(pattern...):
		v.bytes(pattern, false, "pattern", r.Pattern, limits.ResourceBytes)
		if !strings.Contains(r.Pattern, Number) {
			v.Fail(pattern, "write for example \"GET /items/{n}\"", "the pattern %s has no {n}, so that all its values are one", grammar.Shorten(r.Pattern))
		}
	case len(r.Values) == 0 && !v.Written(pattern...) && !v.Written(grammar.Under(path, "cardinality")...) && v.Written(path...) && !v.Unread(path...):
		v.Fail(path, "write at least one", "resource is empty")
	}
}

func (v *validator) length(path []any, label, text string) {
	if len(text) > limits.MetaValueBytes {
		v.Fail(path, "shorten it, so that what arrives is what was sent", "%s has %d bytes; the agent cuts it at %d", label, len(text), limits.MetaValueBytes)
	}
}

// reference checks that service.operation is there.
func (v *validator) reference(path []any, label, ref string) {
	if v.ops[ref] != nil {
		return
	}
	hint := grammar.DidYouMean(ref, v.references())
	if service, ok := v.s.Services[ref]; ok && len(service.Operations) > 0 {
		hint = fmt.Sprintf("name one of its operations, as in %s.%s", ref, slices.Min(slices.Collect(maps.Keys(service.Operations))))
	} else if near := grammar.Nearest(ref, v.references()); near == "" {
		if dot := strings.LastIndexByte(ref, '.'); dot > 0 && v.s.Services[ref[:dot]] != nil {
			keys := slices.Sorted(maps.Keys(v.s.Services[ref[:dot]].Operations))
			hint = fmt.Sprintf("%s has %s", ref[:dot], strings.Join(keys, ", "))
		}
	}
	v.Fail(path, hint, "%s: there is no operation %s", label, grammar.Shorten(ref))
}

func (v *validator) references() []string { return slices.Sorted(maps.Keys(v.ops)) }

// graph looks for cycles of calls: a depth-first walk, where a call back to an
// operation that is still being walked closes one.
func (v *validator) graph() {
	const walking, done = 1, 2
	state := map[string]int{}
	var trail []string
	var walk func(ref string)
	walk = func(ref string) {
		state[ref] = walking
		trail = append(trail, ref)
		v.steps(ref, func(path []any, call Call) {
			switch {
			case v.ops[call.To] == nil:
			case state[call.To] == walking:
				cycle := append(slices.Clone(trail[slices.Index(trail, call.To):]), call.To)
				v.cyclic = true
				v.Fail(path, "leave out one of these calls: a trace must end", "calls go in a circle: %s", strings.Join(cycle, " → "))
			case state[call.To] != done:
				walk(call.To)
			}
		})
		trail = trail[:len(trail)-1]
		state[ref] = done
	}
	for _, ref := range v.references() {
		if state[ref] == 0 {
			walk(ref)
		}
	}
}
