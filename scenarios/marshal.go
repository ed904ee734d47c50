package scenarios

import (
	"encoding/json"
	"reflect"
)

// byOutcome is the tag value that follows the outcome of the span.
const byOutcome = "by-outcome"

// MarshalJSON writes the tag as the parser reads it.
func (t Tag) MarshalJSON() ([]byte, error) {
	switch {
	case t.ByOutcome:
		return json.Marshal(byOutcome)
	case t.Cardinality > 0:
		return json.Marshal(generated{Cardinality: t.Cardinality, Skew: t.Skew, Every: t.Every})
	case len(t.Values) == 1 && t.Values[0] != byOutcome:
		return json.Marshal(t.Values[0])
	default:
		return json.Marshal(t.Values)
	}
}

// MarshalJSON writes the resource as the parser reads it.
func (r Resource) MarshalJSON() ([]byte, error) {
	switch {
	case r.Cardinality > 0:
		return json.Marshal(pattern{Pattern: r.Pattern, Cardinality: r.Cardinality, Skew: r.Skew})
	case len(r.Values) == 1:
		return json.Marshal(r.Values[0])
	default:
		return json.Marshal(r.Values)
	}
}

// MarshalJSON writes the call as the parser reads it.
func (c Call) MarshalJSON() ([]byte, error) {
	if len(c.Parallel) > 0 {
		return json.Marshal(struct {
			Parallel []Call `json:"parallel"`
		}{c.Parallel})
	}
	plain := Call{}
	setDefaults(&plain)
	plain.To = c.To
	if reflect.DeepEqual(c, plain) {
		return json.Marshal(c.To)
	}
	type keys Call // without this method
	return json.Marshal(keys(c))
}
