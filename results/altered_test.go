package results

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAlteredFieldsAddUp adds fields in two orders, and cuts the list.
func TestAlteredFieldsAddUp(t *testing.T) {
	var a, b Altered
	list := []AlteredField{
		{Field: "name", Change: FieldChanged, Spans: 2, NoFault: 1, Faults: map[string]uint64{"long-name": 1}},
		{Field: "name", Change: FieldChanged, Spans: 3, Faults: map[string]uint64{"long-name": 1, "empty-name": 2}},
		{Field: "name", Change: FieldAdded, Spans: 100},
		{Field: "meta.a", Change: FieldRemoved, Spans: 7, NoFault: 7},
	}
	for i := range list {
		a.AddField(list[i])
		b.AddField(list[len(list)-1-i])
	}
	a.SortFields()
	b.SortFields()
	want := []AlteredField{list[3], {Field: "name", Change: FieldChanged, Spans: 5, NoFault: 1, Faults: map[string]uint64{"long-name": 2, "empty-name": 2}}, list[2]}
	for _, got := range [][]AlteredField{a.Fields, b.Fields} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if len(list[0].Faults) != 1 {
		t.Error("what was added has changed")
	}
	for i := range AlteredFieldsMax {
		a.AddField(AlteredField{Field: fmt.Sprint("meta.", i), Change: FieldChanged, Spans: 1})
	}
	if a.SortFields(); len(a.Fields) != AlteredFieldsMax || a.MoreFields != 3 || a.Fields[0].Field != "meta.a" {
		t.Errorf("%d fields, %d more, the first is %s", len(a.Fields), a.MoreFields, a.Fields[0].Field)
	}
}

func TestPartAlteredPlus(t *testing.T) {
	one := &PartAltered{Compared: 3, Altered: 2, Own: 1}
	var none *PartAltered
	if none.Plus(none) != nil || none.Plus(one) != one || one.Plus(nil) != one {
		t.Error("nil")
	}
	if sum := one.Plus(one); *sum != (PartAltered{6, 4, 2}) || one.Compared != 3 {
		t.Errorf("%+v", sum)
	}
}
