package versus

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/results"
)

// found is the difference about a subject.
func found(t *testing.T, list []results.Behaviour, subject string) *results.Behaviour {
	t.Helper()
	i := slices.IndexFunc(list, func(d results.Behaviour) bool { return d.Subject == subject })
	if i < 0 {
		return nil
	}
	return &list[i]
}

func steady(rounds int, change func(round int, rec *results.Record)) func(string) Side {
	return func(label string) Side {
		s := side(label, rounds, func(int) made { return made{responseNS: 1e6, cpu: 20, sent: 10000, accepted: 10000} })
		for i := range s.Runs {
			if change != nil {
				change(i, s.Runs[i].Record)
			}
		}
		return s
	}
}

func locate(shape, fault string) (uint64, bool) { return uint64(len(shape) + len(fault)), true }

// A fault that one drops and the other accepts is the difference, and nothing else is.
func TestBehaviourFates(t *testing.T) {
	fault := func(accepted bool) func(int, *results.Record) {
		return func(_ int, rec *results.Record) {
			p := results.Part{Name: "trace-id-zero"}
			p.Sent.Traces, p.Delivered.Traces = 100, 100
			if accepted {
				p.Accepted.Traces = 100
			} else {
				p.Dropped.Traces = 100
			}
			rec.Ledger.ByFault = []results.Part{p}
			rec.Ledger.NoFault = &results.Account{Sent: results.Count{Traces: 9900}, Delivered: results.Count{Traces: 9900}, Accepted: results.Count{Traces: 9900}}
		}
	}
	list := Behaviour(steady(3, fault(false))("a"), steady(3, fault(true))("b"), locate)
	d := found(t, list, "fault trace-id-zero")
	if len(list) != 1 || d == nil || d.A != "dropped 100%" || d.B != "accepted 100%" || d.Seq != 13 || d.Record != "b" || d.Target != "b" {
		t.Errorf("%+v", list)
	}
	if list := Behaviour(steady(3, fault(true))("a"), steady(3, fault(true))("b"), locate); len(list) != 0 {
		t.Errorf("of two that do the same: %+v", list)
	}
}

// A share that changes from run to run is no difference in behaviour; one that is always
// larger is.
func TestBehaviourChance(t *testing.T) {
	losing := func(lost ...uint64) func(string) Side {
		return func(label string) Side {
			return side(label, len(lost), func(i int) made {
				return made{responseNS: 1e6, cpu: 20, sent: 10000, accepted: 10000 - lost[i]}
			})
		}
	}
	if list := Behaviour(losing(0, 30, 0, 10, 0, 0)("a"), losing(20, 0, 40, 0, 15, 0)("b"), locate); len(list) != 0 {
		t.Errorf("chance: %+v", list)
	}
	list := Behaviour(losing(0, 0, 0, 0, 0, 0)("a"), losing(20, 30, 40, 20, 15, 25)("b"), locate)
	if d := found(t, list, "traces"); d == nil || d.A != "accepted 100%" {
		t.Errorf("%+v", list)
	}
	// Of one run a side, only what is plain counts.
	if list := Behaviour(losing(0)("a"), losing(100)("b"), locate); len(list) != 0 {
		t.Errorf("one run: %+v", list)
	}
	if list := Behaviour(losing(0)("a"), losing(5000)("b"), locate); found(t, list, "traces") == nil {
		t.Errorf("one run, half lost: %+v", list)
	}
}

// What was rewritten by one and not by the other is told with the example of its own record.
func TestBehaviourAltered(t *testing.T) {
	altered := func(fields ...results.AlteredField) func(int, *results.Record) {
		return func(_ int, rec *results.Record) {
			rec.Ledger.Altered = &results.Altered{Compared: results.Count{Traces: 100, Spans: 1000}, Fields: fields}
		}
	}
	parent := results.AlteredField{Field: "parent_id", Change: results.FieldChanged, Spans: 7, Example: results.AlteredExample{Seq: 42, Sent: "7", Came: "0"}}
	list := Behaviour(steady(3, altered())("a"), steady(3, altered(parent))("b"), locate)
	if d := found(t, list, "parent_id"); len(list) != 1 || d == nil || d.A != "as it was sent" || d.B != "7 → 0" || d.Seq != 42 || d.Record != "b" {
		t.Errorf("%+v", list)
	}
	sometimes := func(i int, rec *results.Record) {
		if i == 1 {
			altered(parent)(i, rec)
		} else {
			altered()(i, rec)
		}
	}
	if list := Behaviour(steady(3, altered())("a"), steady(3, sometimes)("b"), locate); len(list) != 0 {
		t.Errorf("in one run of three: %+v", list)
	}
}

// Answers, deaths and what comes out beside traces are behaviour, too.
func TestBehaviourRest(t *testing.T) {
	refusing := steady(3, func(_ int, rec *results.Record) {
		rec.Requests.ByCode = map[string]uint64{"200": 5000, "503": 5000}
		rec.Target.Exit = &results.Exit{Code: -1, Signal: "SIGSEGV"}
		rec.Ledger.StatsPayloads = 3
		rec.Ledger.Forwarded = map[string]uint64{"idxTracerPayloads, zstd": 4}
	})
	plain := steady(3, func(i int, rec *results.Record) {
		rec.Ledger.Forwarded = map[string]uint64{"tracerPayloads, gzip": uint64(i + 1)}
	})
	list := Behaviour(plain("a"), refusing("b"), locate)
	if d := found(t, list, "form of what is forwarded"); d == nil || d.A != "tracerPayloads, gzip" || d.B != "idxTracerPayloads, zstd" {
		t.Errorf("%+v", list)
	}
	if d := found(t, list, "answers"); d == nil || d.A != "200 100%" || d.B != "200 50%, 503 50%" {
		t.Errorf("%+v", list)
	}
	if d := found(t, list, "the process"); d == nil || d.A != livedOn || d.B != "died of SIGSEGV in 3 of 3 runs" {
		t.Errorf("%+v", list)
	}
	if d := found(t, list, "stats"); d == nil || d.B != "payloads of statistics" {
		t.Errorf("%+v", list)
	}
}

// Records of other scenarios and machines are told apart.
func TestDifferences(t *testing.T) {
	rec := func() *results.Record {
		return &results.Record{Name: "shop", Scenario: []byte(`{"name": "shop", "seed": 1}`), Fingerprint: "f",
			Machine: results.Machine{OS: "linux", Arch: "amd64", CPUs: 2, CPUModel: "x", MemoryBytes: 1e9}}
	}
	if why := Differences(rec(), rec()); len(why) != 0 {
		t.Errorf("%v", why)
	}
	for name, change := range map[string]func(*results.Record){
		"scenario shop: seed differ":                  func(r *results.Record) { r.Scenario = []byte(`{"name":"shop","seed":2}`) },
		"scenario: shop and other":                    func(r *results.Record) { r.Name = "other" },
		"fingerprint of the payloads: f and g":        func(r *results.Record) { r.Fingerprint = "g" },
		"number of CPUs: 2 and 4":                     func(r *results.Record) { r.Machine.CPUs = 4 },
		"kind of record: a run and a capacity search": func(r *results.Record) { r.Capacity = &results.Capacity{} },
		"processor: x and none":                       func(r *results.Record) { r.Machine.CPUModel = "" },
	} {
		other := rec()
		change(other)
		if why := Differences(rec(), other); !slices.Contains(why, name) {
			t.Errorf("%v does not hold %q", why, name)
		}
	}
}

// An answer to a search is one for probes of its length.
func TestDifferencesOfSearches(t *testing.T) {
	rec := func(hold float64, warm bool) *results.Record {
		return &results.Record{Scenario: []byte(`{}`), Capacity: &results.Capacity{HoldS: hold, WarmS: 2, Warm: warm, Expect: []string{"missing == 0"}}}
	}
	if why := Differences(rec(10, false), rec(10, false)); len(why) != 0 {
		t.Errorf("%v", why)
	}
	want := []string{"probes of the search: 10 s after 2 s of warm-up, a fresh target each and 5 s after 2 s of warm-up, one target for all"}
	if diff := cmp.Diff(want, Differences(rec(10, false), rec(5, true))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The form of an answer, and the sampling rates told, are compared; what differs between the
// runs of one target is not.
func TestBehaviourAnswers(t *testing.T) {
	answering := func(body, version string, lowest ...float64) func(int, *results.Record) {
		return func(i int, rec *results.Record) {
			rec.FirstAnswer = &results.FirstAnswer{Code: 200, ContentType: "application/json", Body: body, Headers: map[string]string{
				"Content-Type": "application/json", "Datadog-Agent-Version": version, "X-Request": string(rune('a' + i)),
			}}
			rec.SamplingRates = map[string]float64{"service:,env:": 1, "service:web,env:": lowest[i%len(lowest)]}
		}
	}
	a := steady(3, answering(`{}`, "7.1", 0.9, 1))("a")
	list := Behaviour(a, steady(3, answering(`{"rate_by_service":{}}`, "7.2", 0.2, 0.3))("b"), locate)
	want := []results.Behaviour{
		{Target: "b", Kind: kindBody, Subject: "body of the first answer", A: `{}`, B: `{"rate_by_service":{}}`, Record: "b"},
		{Target: "b", Kind: kindHeader, Subject: "Datadog-Agent-Version", A: "7.1", B: "7.2", Record: "b"},
		{Target: "b", Kind: kindRates, Subject: "sampling rates, told last", A: "service:web,env: 0.9, service:,env: 1", B: "service:web,env: 0.2, service:,env: 1", Record: "b"},
	}
	if !slices.Equal(list, want) {
		t.Errorf("%+v", list)
	}
	if list := Behaviour(a, steady(3, answering(`{}`, "7.1", 0.6, 1))("b"), locate); len(list) != 0 {
		t.Errorf("of two that do the same: %+v", list)
	}
	if list := Behaviour(a, steady(3, nil)("b"), locate); found(t, list, "sampling rates, told last") == nil || found(t, list, "sampling rates, told last").B != "none told" {
		t.Errorf("of one that tells no rates: %+v", list)
	}
}
