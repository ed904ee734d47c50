package versus

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// BehaviourMost bounds the differences in behaviour that are listed.
const BehaviourMost = 40

// Kinds of differences in behaviour.
const (
	kindDeath     = "death"
	kindFate      = "fate"
	kindAnswer    = "answer"
	kindBody      = "body"
	kindHeader    = "header"
	kindRates     = "rates"
	kindForwarded = "forwarded"
	kindAltered   = "altered"
)

// Locate finds a request that carries a trace of a shape or with a fault.
type Locate func(shape, fault string) (seq uint64, ok bool)

// Behaviour says what B did otherwise than A with the same stream, by all of their runs: those
// that do not count for figures are evidence of behaviour all the same. A difference is one when
// it is there in every run, and not only as chance may have it: see apart.
func Behaviour(a, b Side, locate Locate) []results.Behaviour {
	w := &watch{a: a.Runs, b: b.Runs, label: b.Target.Label, locate: locate}
	if len(w.a) == 0 || len(w.b) == 0 {
		return nil
	}
	w.deaths()
	w.fates()
	w.answers()
	w.firstAnswers()
	w.rates()
	w.forwarded()
	w.altered()
	return w.found
}

// Bounded keeps the first of the differences, and says how many there are beyond.
func Bounded(all []results.Behaviour) (kept []results.Behaviour, more int) {
	if len(all) <= BehaviourMost {
		return all, 0
	}
	return all[:BehaviourMost], len(all) - BehaviourMost
}

// watch looks for differences between the runs of two targets.
type watch struct {
	a, b   []Run
	label  string
	locate Locate
	found  []results.Behaviour
}

// differs lists a difference, with a request of a run that shows it.
func (w *watch) differs(kind, subject, a, b string, seq uint64, run *Run) {
	d := results.Behaviour{Target: w.label, Kind: kind, Subject: subject, A: a, B: b, Seq: seq}
	if run != nil {
		d.Record = run.Path
	}
	w.found = append(w.found, d)
}

// The least differences of a share that are one: of few runs a large one, for chance alone
// would now and then put all values of a few runs on one side.
const (
	manyRuns  = 5
	fewShare  = 0.05
	manyShare = 0.001
)

// apart says that two heaps of shares do not touch, and are not too near to each other.
func apart(a, b []float64) bool {
	gap := max(slices.Min(b)-slices.Max(a), slices.Min(a)-slices.Max(b))
	if gap <= 0 {
		return false
	}
	least := manyShare
	if min(len(a), len(b)) < manyRuns {
		least = fewShare
	}
	return typical(b)-typical(a) >= least || typical(a)-typical(b) >= least
}

func typical(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return quantile(sorted, 0.5)
}

// shares are what became of something, by name, as shares of the whole.
type shares map[string]float64

// split are the shares of each run of a side.
func split(runs []Run, of func(*results.Record) shares) []shares {
	var list []shares
	for _, r := range runs {
		if s := of(r.Record); s != nil {
			list = append(list, s)
		}
	}
	return list
}

// compareShares lists a difference when any of the shares lies apart.
func (w *watch) compareShares(kind, subject string, of func(*results.Record) shares, seq func() (uint64, *Run)) bool {
	a, b := split(w.a, of), split(w.b, of)
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	names := map[string]bool{}
	for _, s := range slices.Concat(a, b) {
		for name := range s {
			names[name] = true
		}
	}
	for name := range names {
		if apart(valuesOf(a, name), valuesOf(b, name)) {
			at, run := seq()
			w.differs(kind, subject, describe(a), describe(b), at, run)
			return true
		}
	}
	return false
}

func valuesOf(list []shares, name string) []float64 {
	values := make([]float64, len(list))
	for i, s := range list {
		values[i] = s[name]
	}
	return values
}

// describe writes the usual shares of the runs, largest first.
func describe(list []shares) string {
	middle := shares{}
	for _, s := range list {
		for name := range s {
			middle[name] = typical(valuesOf(list, name))
		}
	}
	names := slices.SortedFunc(maps.Keys(middle), func(x, y string) int {
		return cmp.Or(cmp.Compare(middle[y], middle[x]), cmp.Compare(x, y))
	})
	var parts []string
	for _, name := range names {
		if share := middle[name]; share >= manyShare/2 {
			parts = append(parts, name+" "+results.FormatPercent(share, 1))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// fateShares are what became of the traces of an account, as shares of those sent.
func fateShares(a *results.Account, byCode map[string]results.Count, l *results.Ledger) shares {
	sent := float64(a.Sent.Traces)
	if sent == 0 {
		return nil
	}
	s := shares{}
	put := func(name string, n uint64) {
		if n > 0 {
			s[name] = float64(n) / sent
		}
	}
	refused := a.Refused.Traces
	for code, n := range byCode {
		put("refused with "+code, n.Traces)
		refused -= min(refused, n.Traces)
	}
	put("refused", refused)
	put("unanswered", a.Unanswered.Traces)
	if l.AcceptanceUnknown() {
		put("delivered", a.Delivered.Traces)
		return s
	}
	put("accepted", a.Accepted.Traces)
	put("sampled out", a.SampledOut.Traces)
	put("dropped", a.Dropped.Traces)
	put("missing", a.Missing.Traces)
	put("duplicated", a.Duplicated.Traces)
	put("in part", a.Partial.Traces)
	put("accepted though refused", a.AcceptedThoughRefused.Traces)
	return s
}

// fates compares what became of each fault, and of each shape: of all of its traces, or where
// some have faults and only those fare differently, not once more.
func (w *watch) fates() {
	for _, name := range w.parts(func(l *results.Ledger) []results.Part { return l.ByFault }) {
		w.compareShares(kindFate, "fault "+name, func(rec *results.Record) shares {
			if p := part(rec.Ledger.ByFault, name); p != nil && !rec.Ledger.PartsUnknown() {
				return fateShares(&p.Account, p.RefusedByCode, &rec.Ledger)
			}
			return nil
		}, w.example("", name))
	}
	sound := func(rec *results.Record) shares {
		if rec.Ledger.NoFault != nil {
			return fateShares(rec.Ledger.NoFault, nil, &rec.Ledger)
		}
		return fateShares(&rec.Ledger.Account, rec.Ledger.RefusedByCode, &rec.Ledger)
	}
	whole := "traces"
	if slices.ContainsFunc(w.a, func(r Run) bool { return r.Record.Ledger.NoFault != nil }) {
		whole = "traces without a fault"
	}
	if !w.compareShares(kindFate, whole, sound, w.example("", "")) {
		return
	}
	shapes := w.parts(func(l *results.Ledger) []results.Part { return l.ByShape })
	if len(shapes) < 2 {
		return
	}
	for _, name := range shapes {
		w.compareShares(kindFate, "shape "+name, func(rec *results.Record) shares {
			if p := part(rec.Ledger.ByShape, name); p != nil && !rec.Ledger.PartsUnknown() {
				return fateShares(&p.Account, nil, &rec.Ledger)
			}
			return nil
		}, w.example(name, ""))
	}
}

// parts are the names of parts that both sides have, in the order of A's first run.
func (w *watch) parts(of func(*results.Ledger) []results.Part) (names []string) {
	for _, p := range of(&w.a[0].Record.Ledger) {
		if part(of(&w.b[0].Record.Ledger), p.Name) != nil {
			names = append(names, p.Name)
		}
	}
	return names
}

func part(parts []results.Part, name string) *results.Part {
	i := slices.IndexFunc(parts, func(p results.Part) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &parts[i]
}

// example finds a request with such a trace. Requests are the same in all runs; the record
// is the first of B, whose bytes can be had again.
func (w *watch) example(shape, fault string) func() (uint64, *Run) {
	return func() (uint64, *Run) {
		if w.locate == nil {
			return 0, nil
		}
		seq, ok := w.locate(shape, fault)
		if !ok {
			return 0, nil
		}
		return seq, &w.b[0]
	}
}

// answers compares how requests were answered, as a whole.
func (w *watch) answers() {
	w.compareShares(kindAnswer, "answers", func(rec *results.Record) shares {
		q := &rec.Requests
		if q.Sent == 0 {
			return nil
		}
		s := shares{}
		for code, n := range q.ByCode {
			s[code] = float64(n) / float64(q.Sent)
		}
		if n := q.Errors.Total(); n > 0 {
			s["none"] = float64(n) / float64(q.Sent)
		}
		return s
	}, w.example("", ""))
	w.compareShares(kindBody, "bodies that the API does not answer", func(rec *results.Record) shares {
		if rec.Requests.Delivered == 0 {
			return nil
		}
		return shares{"unexpected": float64(rec.Requests.UnexpectedBody) / float64(rec.Requests.Delivered)}
	}, w.example("", ""))
}

// deaths compares how targets ended.
func (w *watch) deaths() {
	a, b := died(w.a), died(w.b)
	if a != b {
		run := &w.b[0]
		if b == livedOn {
			run = &w.a[0]
		}
		w.differs(kindDeath, "the process", a, b, 0, run)
	}
}

const livedOn = "lived"

// died says how, and in how many of the runs.
func died(runs []Run) string {
	ends := map[string]int{}
	for _, r := range runs {
		if exit := r.Record.Target.Exit; exit != nil {
			end := fmt.Sprintf("exit code %d", exit.Code)
			if exit.Signal != "" {
				end = exit.Signal
			}
			ends[end]++
		}
	}
	var parts []string
	for _, end := range slices.Sorted(maps.Keys(ends)) {
		parts = append(parts, fmt.Sprintf("died of %s in %d of %d runs", end, ends[end], len(runs)))
	}
	if len(parts) == 0 {
		return livedOn
	}
	return strings.Join(parts, ", ")
}
