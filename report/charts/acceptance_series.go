package charts

import (
	"fmt"
	"slices"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// shapesMax bounds the rows of the chart; the shapes of which least was sent make one row.
const shapesMax = 40

// outcome is one end of the flow.
type outcome struct {
	Name   string
	Traces uint64
	Color  paper.Tint
	// Always says that it is named even when there is none of it.
	Always bool
}

// acceptanceSeries is what became of the traces, altogether and by shape.
type acceptanceSeries struct {
	// Unknown says that nobody saw what came out: delivery is where the flow ends.
	Unknown bool `json:",omitempty"`
	Total   acceptanceRow
	Rows    []acceptanceRow
}

// acceptanceRow is the flow of one shape:
//
//	Sent = Σ Undelivered + Delivered, Delivered = Σ Delivery
type acceptanceRow struct {
	Name        string
	Sent        uint64
	Delivered   uint64
	Delivery    []outcome // accepted, sampled out, dropped, missing; delivered alone where no more is known
	Undelivered []outcome // refused, unanswered
}

func newAcceptanceSeries(l *results.Ledger) acceptanceSeries {
	s := acceptanceSeries{Unknown: l.AcceptanceUnknown()}
	s.Total = newAcceptanceRow("all", &l.Account, s.Unknown)
	parts := slices.Clone(l.ByShape)
	slices.SortStableFunc(parts, func(a, b results.Part) int {
		switch {
		case a.Sent.Traces > b.Sent.Traces:
			return -1
		case a.Sent.Traces < b.Sent.Traces:
			return 1
		}
		return 0
	})
	if len(parts) > shapesMax {
		rest := results.Part{Name: fmt.Sprintf("%d more shapes", len(parts)-shapesMax+1)}
		for _, p := range parts[shapesMax-1:] {
			rest.Account = rest.Account.Plus(p.Account)
		}
		parts = append(parts[:shapesMax-1], rest)
	}
	for i := range parts {
		s.Rows = append(s.Rows, newAcceptanceRow(parts[i].Name, &parts[i].Account, l.PartsUnknown()))
	}
	return s
}

func newAcceptanceRow(name string, a *results.Account, unknown bool) acceptanceRow {
	row := acceptanceRow{
		Name: name, Sent: a.Sent.Traces, Delivered: a.Delivered.Traces,
		Delivery: []outcome{
			{"accepted", a.Accepted.Traces, paper.Accepted, true}, {"sampled out", a.SampledOut.Traces, paper.SampledOut, false},
			{"dropped", a.Dropped.Traces, paper.Dropped, true}, {"missing", a.Missing.Traces, paper.Missing, true},
		},
		Undelivered: []outcome{{"refused", a.Refused.Traces, paper.Refused, false}, {"unanswered", a.Unanswered.Traces, paper.Unanswered, false}},
	}
	if unknown {
		row.Delivery = []outcome{{"delivered", a.Delivered.Traces, paper.Delivered, true}}
	}
	return row
}
