package versus

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// forwarded compares what came out beside traces.
func (w *watch) forwarded() {
	w.always("form of what is forwarded", func(rec *results.Record) string {
		return strings.Join(slices.Sorted(maps.Keys(rec.Ledger.Forwarded)), "; ")
	})
	w.always("stats", func(rec *results.Record) string {
		if rec.Ledger.AcceptanceUnknown() || rec.Ledger.Claimed() {
			return ""
		}
		if rec.Ledger.StatsPayloads > 0 {
			return "payloads of statistics"
		}
		return "none"
	})
	w.always("ids that nobody sent", func(rec *results.Record) string {
		if rec.Ledger.AcceptanceUnknown() || rec.Ledger.Claimed() {
			return ""
		}
		if rec.Ledger.Foreign.Traces > 0 {
			return "some"
		}
		return "none"
	})
}

// always lists a difference in something that each target does in all of its runs alike.
func (w *watch) always(subject string, of func(*results.Record) string) {
	a, alikeA := same(w.a, of)
	b, alikeB := same(w.b, of)
	if alikeA && alikeB && a != b && a != "" && b != "" {
		w.differs(kindForwarded, subject, a, b, 0, &w.b[0])
	}
}

// same is what all runs have in common; alike is false where they do not.
func same(runs []Run, of func(*results.Record) string) (value string, alike bool) {
	for i, r := range runs {
		v := of(r.Record)
		if i > 0 && v != value {
			return "", false
		}
		value = v
	}
	return value, len(runs) > 0
}

// altered compares what targets rewrote: a field that one of them alters in every run, and
// the other in none.
func (w *watch) altered() {
	if !looked(w.a) || !looked(w.b) {
		return
	}
	for _, f := range fieldsOf(slices.Concat(w.a, w.b)) {
		a, inA := always(w.a, f)
		b, inB := always(w.b, f)
		switch {
		case inA == len(w.a) && inB == 0:
			w.differs(kindAltered, f.Field, alteredText(a), "as it was sent", a.Example.Seq, runWith(w.a, f))
		case inA == 0 && inB == len(w.b):
			w.differs(kindAltered, f.Field, "as it was sent", alteredText(b), b.Example.Seq, runWith(w.b, f))
		}
	}
}

// looked says that what came out was looked at in all runs.
func looked(runs []Run) bool {
	return !slices.ContainsFunc(runs, func(r Run) bool {
		a := r.Record.Ledger.Altered
		return a == nil || a.Compared.Traces == 0
	})
}

// fieldsOf are the fields that were altered in any of the runs, each once.
func fieldsOf(runs []Run) (fields []results.AlteredField) {
	for _, r := range runs {
		for _, f := range r.Record.Ledger.Altered.Fields {
			if !slices.ContainsFunc(fields, func(g results.AlteredField) bool { return alike(f, g) }) {
				fields = append(fields, f)
			}
		}
	}
	return fields
}

func alike(f, g results.AlteredField) bool { return f.Field == g.Field && f.Change == g.Change }

// always is what the first run says of a field, and in how many runs it was altered.
func always(runs []Run, f results.AlteredField) (first results.AlteredField, n int) {
	for _, r := range runs {
		for _, g := range r.Record.Ledger.Altered.Fields {
			if alike(f, g) {
				if n == 0 {
					first = g
				}
				n++
			}
		}
	}
	return first, n
}

// runWith is the first run in which the field was altered: its example is of it.
func runWith(runs []Run, f results.AlteredField) *Run {
	for i := range runs {
		for _, g := range runs[i].Record.Ledger.Altered.Fields {
			if alike(f, g) {
				return &runs[i]
			}
		}
	}
	return nil
}

func alteredText(f results.AlteredField) string {
	switch f.Change {
	case results.FieldAdded:
		return fmt.Sprintf("added: %s", f.Example.Came)
	case results.FieldRemoved:
		return fmt.Sprintf("removed, was %s", f.Example.Sent)
	}
	return fmt.Sprintf("%s → %s", f.Example.Sent, f.Example.Came)
}
