package samples

import "github.com/spanstorm/spanstorm/results"

// altered gives a run three faults, and a target that rewrites what it is documented to,
// but for one.
func altered(r *results.Record) *results.Record {
	l := &r.Ledger
	some := results.Count{Traces: 400, Spans: 3_600}
	part := results.Account{Sent: some, Delivered: some, Accepted: some}
	rest := l.Account
	for _, f := range []struct {
		name     string
		expected string
		altered  results.PartAltered
	}{
		{"long-name", "altered", results.PartAltered{Compared: 166, Altered: 166, Own: 166}},
		{"odd-characters", "altered", results.PartAltered{Compared: 166, Altered: 20}},
		{"start-future", "accepted", results.PartAltered{Compared: 166, Altered: 130, Own: 120}},
	} {
		l.ByFault = append(l.ByFault, results.Part{Name: f.name, Account: part, Expected: []string{f.expected}, Altered: &f.altered})
		for _, c := range []*results.Count{&rest.Sent, &rest.Delivered, &rest.Accepted} {
			c.Traces, c.Spans = c.Traces-some.Traces, c.Spans-some.Spans
		}
	}
	l.NoFault = &rest
	for i := range l.ByShape {
		l.ByShape[i].Altered = &results.PartAltered{Compared: 200 - uint64(i), Altered: 40 * uint64(i)}
	}
	l.Altered = &results.Altered{
		Compared: results.Count{Traces: 830, Spans: 7_470}, Altered: results.Count{Traces: 356, Spans: 368},
		NoFault: &results.PartAltered{Compared: 332, Altered: 40},
		Fields: []results.AlteredField{
			{Field: "name", Change: results.FieldChanged, Spans: 166, Faults: map[string]uint64{"long-name": 166}, Example: results.AlteredExample{
				Ordinal: 4711, Seq: 147, SpanID: "3206185157229346727", Sent: "…xxxxxxxxxxxxxxxxxxxxxxxxxxxx… (300 bytes)", Came: "…xxxxxxxxxxxxxxxx (100 bytes)",
			}},
			{Field: "resource", Change: results.FieldChanged, Spans: 82, NoFault: 40, Faults: map[string]uint64{"odd-characters": 20, "start-future": 20, "long-name": 2}, Example: results.AlteredExample{
				Ordinal: 96, Seq: 3, SpanID: "8169395910705875473", Sent: "INSERT INTO orders (id, total) VALUES (?, ?)", Came: "INSERT INTO orders ( id, total ) VALUES ( ? )",
			}},
			{Field: "meta.http.status_code", Change: results.FieldRemoved, Spans: 120, Faults: map[string]uint64{"start-future": 120}, Example: results.AlteredExample{
				Ordinal: 97, Seq: 3, SpanID: "1793416367810595319", Sent: "2000",
			}},
			{Field: "metrics._top_level", Change: results.FieldAdded, Spans: 7_001, NoFault: 3_000, Faults: map[string]uint64{"long-name": 4_001}, Example: results.AlteredExample{SpanID: "1", Came: "1"}},
		},
	}
	return r
}
