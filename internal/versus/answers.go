package versus

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// firstAnswers compares how the first trace was answered: what else than its code and share
// an answer has. What differs between the runs of one target says nothing.
func (w *watch) firstAnswers() {
	first := func(of func(*results.FirstAnswer) string) func(*results.Record) string {
		return func(rec *results.Record) string {
			if rec.FirstAnswer == nil {
				return ""
			}
			return of(rec.FirstAnswer)
		}
	}
	compare := func(kind, subject string, of func(*results.FirstAnswer) string) {
		a, alikeA := same(w.a, first(of))
		b, alikeB := same(w.b, first(of))
		if alikeA && alikeB && a != b {
			w.differs(kind, subject, orNone(a), orNone(b), 0, &w.b[0])
		}
	}
	compare(kindAnswer, "code of the first answer", func(f *results.FirstAnswer) string { return fmt.Sprint(f.Code) })
	compare(kindBody, "body of the first answer", func(f *results.FirstAnswer) string { return f.Body })
	compare(kindHeader, "Content-Type", func(f *results.FirstAnswer) string { return f.ContentType })
	for _, name := range headers(slices.Concat(w.a, w.b)) {
		compare(kindHeader, name, func(f *results.FirstAnswer) string { return f.Headers[name] })
	}
}

// headers are the names of all headers that a first answer had.
func headers(runs []Run) []string {
	names := map[string]bool{}
	for _, r := range runs {
		if r.Record.FirstAnswer != nil {
			for name := range r.Record.FirstAnswer.Headers {
				names[name] = true
			}
		}
	}
	delete(names, "Content-Type") // it has a field of its own
	return slices.Sorted(maps.Keys(names))
}

// ratesApart is by which factor the lowest rates of two targets differ at least, when they differ.
const ratesApart = 2

// rates compares the sampling rates that targets told last.
func (w *watch) rates() {
	lowest := func(runs []Run) (least, most float64, text string) {
		least = math.Inf(1)
		for _, r := range runs {
			rates := r.Record.SamplingRates
			if len(rates) == 0 {
				return 0, 0, "none told"
			}
			low := slices.Min(slices.Collect(maps.Values(rates)))
			least, most = min(least, low), max(most, low)
			if text == "" {
				text = ratesText(rates)
			}
		}
		return least, most, text
	}
	lowA, highA, a := lowest(w.a)
	lowB, highB, b := lowest(w.b)
	none := highA == 0 || highB == 0
	if none && highA != highB || !none && (lowA > ratesApart*highB || lowB > ratesApart*highA) {
		w.differs(kindRates, "sampling rates, told last", a, b, 0, &w.b[0])
	}
}

// ratesText names up to three of the rates, the lowest first.
func ratesText(rates map[string]float64) string {
	keys := slices.SortedFunc(maps.Keys(rates), func(x, y string) int {
		switch {
		case rates[x] < rates[y]:
			return -1
		case rates[x] > rates[y]:
			return 1
		}
		return strings.Compare(x, y)
	})
	const most = 3
	var parts []string
	for _, key := range keys[:min(most, len(keys))] {
		parts = append(parts, fmt.Sprintf("%s %.3g", key, rates[key]))
	}
	if more := len(keys) - most; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}
