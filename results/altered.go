package results

import (
	"cmp"
	"slices"
)

// Altered says what the target rewrote in a sample of the traces that came out: how
// often, which fields, and an example of each. Everything in it is a count of what was
// compared with what was sent, not of all that was sent.
type Altered struct {
	// Compared are the chunks of the sample that came out, and their spans that did; Altered
	// those of them in which something is not as it was sent. What was only added is no alteration.
	Compared Count `json:"compared"`
	Altered  Count `json:"altered"`
	// NoFault is the part without a fault, where others have one.
	NoFault *PartAltered `json:"no_fault,omitempty"`
	// Fields are the fields that differ, those of most spans first, at most AlteredFieldsMax.
	Fields []AlteredField `json:"fields"`
	// MoreFields is how many others there are.
	MoreFields uint64 `json:"more_fields,omitempty"`
}

// AlteredFieldsMax bounds the fields that are listed.
const AlteredFieldsMax = 64

// PartAltered is the part of a sample that one shape has, or one fault: in traces.
type PartAltered struct {
	Compared uint64 `json:"compared"`
	Altered  uint64 `json:"altered"`
	// Own counts those, of a fault, that were altered in a field in which no trace without
	// a fault was: in which it is the fault that was rewritten. 0 where fewer than 20 of those were compared.
	Own uint64 `json:"own,omitempty"`
}

// Plus is the sum of both; nil is nothing compared, which is nil again only with nil.
func (a *PartAltered) Plus(b *PartAltered) *PartAltered {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &PartAltered{Compared: a.Compared + b.Compared, Altered: a.Altered + b.Altered, Own: a.Own + b.Own}
}

// What a target does to a field.
const (
	FieldChanged = "changed"
	FieldRemoved = "removed"
	FieldAdded   = "added" // a tag of its own: no alteration
)

// AlteredField is what the target did to one field.
type AlteredField struct {
	// Field is service, name, resource, type, start, duration, error, parent_id, trace_id,
	// meta.KEY or metrics.KEY.
	Field  string `json:"field"`
	Change string `json:"change"` // changed, removed or added
	Spans  uint64 `json:"spans"`  // of those compared
	// NoFault are the spans among them of traces without a fault, Faults those of others.
	NoFault uint64            `json:"no_fault"`
	Faults  map[string]uint64 `json:"faults,omitempty"`
	Example AlteredExample    `json:"example"`
}

// AlteredExample is one span in which a field was altered. Texts are cut to where they
// differ, and quoted as Go does where they are not valid UTF-8 or hold what cannot be seen.
type AlteredExample struct {
	Ordinal uint64 `json:"ordinal"`
	Seq     uint64 `json:"seq"`
	SpanID  string `json:"span_id"` // decimal
	Sent    string `json:"sent"`    // empty: nothing
	Came    string `json:"came"`
}

// AddField adds a field to the list, or its spans to those of the same.
func (a *Altered) AddField(f AlteredField) {
	i := slices.IndexFunc(a.Fields, func(g AlteredField) bool { return g.Field == f.Field && g.Change == f.Change })
	if i < 0 {
		a.Fields = append(a.Fields, f)
		return
	}
	to := &a.Fields[i]
	to.Spans, to.NoFault = to.Spans+f.Spans, to.NoFault+f.NoFault
	faults := map[string]uint64{}
	for _, from := range []map[string]uint64{to.Faults, f.Faults} {
		for name, n := range from {
			faults[name] += n
		}
	}
	if len(faults) > 0 {
		to.Faults = faults
	}
}

// SortFields puts what was altered before what was added, and what concerns most
// spans first, and leaves out what is too much.
func (a *Altered) SortFields() {
	slices.SortStableFunc(a.Fields, compareFields)
	if more := len(a.Fields) - AlteredFieldsMax; more > 0 {
		a.Fields, a.MoreFields = a.Fields[:AlteredFieldsMax], a.MoreFields+uint64(more)
	}
}

func compareFields(a, b AlteredField) int {
	added := func(f AlteredField) int {
		if f.Change == FieldAdded {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(added(a), added(b)), cmp.Compare(b.Spans, a.Spans), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Change, b.Change))
}
