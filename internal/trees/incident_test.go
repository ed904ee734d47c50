package trees

import (
	"testing"

	"github.com/spanstorm/spanstorm/scenarios"
)

// In an incident, a slow operation runs into its caller's timeout, and what is
// called on error is called.
func TestIncidentStrikes(t *testing.T) {
	const text = `
services:
  shop: {operations: {page: {name: http.request, resource: GET /, duration: 1ms, calls: [{to: api.rpc, timeout: 50ms, retries: 1}, {to: api.other, when: error, recovers: 100%}]}}}
  api:
    operations:
      rpc: {name: grpc.server, type: rpc, resource: /a/b, duration: 10ms, calls: [{parallel: [{to: db.get, hit_rate: 0%, on_miss: [db.put]}]}]}
      other: {name: grpc.server, type: rpc, resource: /a/c, duration: 2ms}
  db: {type: db, operations: {get: {name: x, resource: y, duration: 1ms}, put: {name: z, resource: y, duration: 1ms}}}
shapes: [{entry: shop.page}, {entry: api.other}]
incidents: [{at: 0s, for: 1s, operations: db.put, slowdown: 100x}]
load: [{rate: 1/s, for: 1s}]
`
	s, err := scenarios.Parse("strike.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCatalogue(s, Reserved{})
	if err != nil {
		t.Fatal(err)
	}
	incident := c.Incident(&s.Incidents[0])
	page, err := c.Source(&s.Shapes[0])
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.Source(&s.Shapes[1])
	if err != nil {
		t.Fatal(err)
	}
	if untouched, err := other.During(incident); untouched != nil || err != nil {
		t.Errorf("a shape that the incident does not reach: %v, %v", untouched, err)
	}
	struck, err := page.During(incident)
	if err != nil || struck == nil {
		t.Fatal(struck, err)
	}
	d := NewDresser(c)
	names := func(src *Source) (list []string, failed bool, lasts int64) {
		spans, err := d.Spans(src, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range spans {
			list = append(list, spans[i].Resource)
		}
		return list, spans[0].Error, spans[0].Duration / msec
	}
	if list, failed, lasts := names(page); len(list) != 4 || failed || lasts != 13 {
		t.Errorf("usually %v, failed: %v, %d ms", list, failed, lasts)
	}
	// Two tries of 50 ms, the fallback of 2 ms, and a millisecond of its own.
	if list, failed, lasts := names(struck); len(list) != 8 || list[7] != "/a/c" || failed || lasts != 103 {
		t.Errorf("in the incident %v, failed: %v, %d ms", list, failed, lasts)
	}
}
