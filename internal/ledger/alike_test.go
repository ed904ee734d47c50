package ledger

import (
	"testing"

	"github.com/spanstorm/spanstorm/results"
)

// A chunk two of whose spans share an id has arrived when that id came twice,
// and is a duplicate only from the third time on.
func TestSpansThatShareAnID(t *testing.T) {
	for _, tt := range []struct {
		times                         int // that the shared id came
		accepted, missing, duplicated uint64
	}{{1, 2, 1, 0}, {2, 3, 0, 0}, {3, 3, 0, 1}} {
		outcomes := NewOutcomes()
		if err := outcomes.Reserve(0, 1); err != nil {
			t.Fatal(err)
		}
		if err := outcomes.Set(0, 200); err != nil {
			t.Fatal(err)
		}
		arrivals, err := NewArrivals(4)
		if err != nil {
			t.Fatal(err)
		}
		for range tt.times {
			arrivals.AddSpan(0, 0)
		}
		arrivals.AddSpan(0, 1)
		l, err := Close(Sheet{
			Source: "intake", Shapes: []string{"a"}, Faults: []string{"duplicate-span-ids"}, Outcomes: outcomes, Arrivals: arrivals,
			Describe: func(dst []Chunk, _ uint64) []Chunk {
				return append(dst, Chunk{Spans: 3, Alike: 1, Priority: 1, HasPriority: true})
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		p := l.ByFault[0]
		if p.Accepted.Spans != tt.accepted || p.Missing.Spans != tt.missing || p.Duplicated.Spans != tt.duplicated || l.Foreign != (results.Count{}) {
			t.Errorf("it came %d times: %+v, foreign %+v", tt.times, p.Account, l.Foreign)
		}
		if *l.NoFault != (results.Account{}) {
			t.Errorf("nothing without a fault was sent: %+v", *l.NoFault)
		}
	}
}
