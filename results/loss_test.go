package results

import "testing"

// Of each case, seconds are rows of {t, sent, delivered, unanswered, missing}; what was
// neither delivered nor unanswered was refused, and of 10 planned the rest never left.
func TestLossAbout(t *testing.T) {
	type row [5]uint64
	steady := func(from, to uint64) (rows []row) {
		for t := from; t < to; t++ {
			rows = append(rows, row{t, 10, 10, 0, 0})
		}
		return rows
	}
	for _, c := range []struct {
		name     string
		rows     []row
		from, to float64
		want     Loss
	}{
		{"nothing lost", steady(0, 10), 4.5, 6, Loss{FromS: 4, ToS: 7, Sent: 30}},
		{
			"held traces, a restart and a slow recovery",
			append(append(steady(0, 3), row{3, 10, 10, 0, 5}, row{4, 10, 10, 0, 20}, row{5, 10, 4, 6, 7}, row{6, 8, 0, 8, 0}, row{7, 10, 7, 0, 0}, row{8, 10, 9, 0, 1}), steady(9, 12)...),
			5.5, 6.2,
			Loss{FromS: 3, ToS: 9, Sent: 58, Missing: 33, Refused: 3 + 1, Unanswered: 14, Unsent: 2},
		},
		{
			"what was refused before it is not its",
			append(append(steady(0, 3), row{3, 10, 2, 0, 0}), steady(4, 8)...), 4, 4, Loss{FromS: 4, ToS: 5, Sent: 10},
		},
		{"in a second that two phases share", []row{{0, 4, 4, 0, 0}, {0, 6, 6, 0, 3}, {1, 10, 10, 0, 0}}, 0.2, 0.2, Loss{FromS: 0, ToS: 1, Sent: 10, Missing: 3, Unsent: 10}},
		{"after the load", steady(0, 3), 7, 8, Loss{}},
		{"before it", steady(5, 7), -3, -1, Loss{}},
		{"without seconds", nil, 1, 2, Loss{}},
	} {
		rec := &Record{}
		for _, r := range c.rows {
			rec.Seconds = append(rec.Seconds, Second{T: int(r[0]), Planned: 10, Sent: r[1], Delivered: r[2], Errors: Errors{Reset: r[3]}, Missing: r[4]})
		}
		if got := LossAbout(rec, c.from, c.to); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
