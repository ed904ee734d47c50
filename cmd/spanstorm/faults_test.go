package main

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/fault/bodies"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/internal/tracer/odd"
	"github.com/spanstorm/spanstorm/scenarios"
)

// faulty is an agent with an intake behind it, to send malformed requests to.
type faulty struct {
	*testing.T
	scenario *scenarios.Scenario
	corpus   *generator.Corpus
	composer *generator.Composer
	intake   *intake.Server
	agent    *target.Target
	sender   *tracer.Sender
	log      *logged
	seq      uint64
	sent     []sentFault
}

// sentFault is one request and what it came to.
type sentFault struct {
	seq   uint64
	kind  fault.Kind
	reply tracer.Reply
}

// logged is what an agent wrote.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// body is a tracer.Payload.
type body []byte

func (b body) Body() []byte { return b }
func (b body) Traces() int  { return 2 }
func (b body) Release()     {}

// receiverTimeout is for how long the agents wait for a body.
const receiverTimeout = 5 * time.Second

func newFaulty(t *testing.T, targetName string, api scenarios.API, encoding scenarios.Encoding) *faulty {
	t.Helper()
	s, err := scenarios.Load("smoke", append(besideOthers(), "api="+string(api), "encoding="+string(encoding), "traces_per_request=2"))
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{T: t, scenario: s, log: new(logged)}
	if f.corpus, err = generator.Compile(s); err != nil {
		t.Fatal(err)
	}
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	f.composer = f.corpus.Composer(key)
	if f.intake, err = intake.Start(intake.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.intake.Stop(context.Background()) })
	if err := f.intake.SetRun(key, f.corpus.Layout()); err != nil {
		t.Fatal(err)
	}
	self, err := exec.LookPath("spanstorm")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := target.Parse(targetName)
	if err != nil {
		t.Fatal(err)
	}
	f.agent, err = spec.Start(t.Context(), target.Env{
		Intake: "http://" + f.intake.Addrs().Listen, Self: self, Scratch: t.TempDir(), Log: f.log,
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := tracer.New(tracer.Config{URL: f.agent.URL(), Socket: f.agent.Socket(), RealHTTPStatus: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	// The slow body takes three quarters of that, which is more than the agents wait.
	f.sender, err = client.Sender(t.Context(), tracer.Route{
		Path: f.corpus.Path(), ContentType: f.corpus.ContentType(), Answer: tracer.AnswerObject, Timeout: 2 * receiverTimeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// next composes the next body.
func (f *faulty) next() (uint64, []byte) {
	f.seq++
	return f.seq, f.composer.Append(nil, f.seq, time.Now().UnixNano())
}

// good sends a well-formed request.
func (f *faulty) good() {
	f.Helper()
	seq, b := f.next()
	call := f.sender.Prepare(seq, body(b))
	call.Send()
	reply := call.Close()
	if reply.Code != http.StatusOK {
		f.Errorf("a good request: %d, %v", reply.Code, reply.Err)
	}
	f.sent = append(f.sent, sentFault{seq, fault.Kind{Name: "good", Expect: []fault.Outcome{fault.Accepted}}, reply})
}

// malformed composes one request of a kind and returns what sends it.
func (f *faulty) malformed(kind fault.Kind, key uint64) func() sentFault {
	fl := &scenarios.Fault{Kind: kind.Name, Body: []byte{0x91, 0xc0}}
	seq, b := f.next()
	b = bodies.Apply(b, 0, fl, key)
	return func() sentFault {
		var reply tracer.Reply
		if o := odd.For(fl, f.scenario.API, f.scenario.Encoding); o != nil {
			call := f.sender.PrepareOdd(seq, body(b), o)
			call.Send()
			reply = call.Close()
		} else {
			call := f.sender.Prepare(seq, body(b))
			call.Send()
			reply = call.Close()
		}
		return sentFault{seq, kind, reply}
	}
}

// requestKinds are the kinds of faults of whole requests.
func requestKinds() []fault.Kind {
	return slices.DeleteFunc(fault.Kinds(), func(k fault.Kind) bool { return k.Level == fault.Span })
}

// draws is how many requests of a kind are worth sending: more where a key decides.
func draws(kind fault.Kind) uint64 {
	switch kind.Name {
	case fault.Truncated, fault.LyingLength, fault.RandomBytes, fault.TrailingGarbage:
		return 12
	}
	return 1
}

// judge ends the agent and holds what came of each request against what is
// expected of it. also are further codes that this agent may answer.
func (f *faulty) judge(also map[string]int) {
	f.Helper()
	select {
	case <-f.agent.Done():
		f.Fatalf("the agent has died:\n%s", f.log)
	default:
	}
	if err := f.agent.Stop(f.Context()); err != nil { // it flushes
		f.Fatal(err)
	}
	if i := strings.Index(f.log.String(), "panic"); i >= 0 {
		f.Errorf("the agent panicked: %.2000s", f.log.String()[i:])
	}
	arrivals, err := f.intake.Arrivals()
	if err != nil {
		f.Fatal(err)
	}
	came := map[string][]string{} // for reading along, with -v
	for _, s := range f.sent {
		got := f.outcome(s, arrivals)
		came[s.kind.Name] = append(came[s.kind.Name], fmt.Sprintf("%s %d%s", got, s.reply.Code, s.reply.Class))
		code := s.reply.Code
		switch {
		case !slices.Contains(s.kind.Expect, got):
			f.Errorf("%s %s: %s with %d (%v), want one of %v", f.corpus.Path(), s.kind.Name, got, code, s.reply.Err, s.kind.Expect)
		case got == fault.Refused && !slices.Contains(s.kind.Codes, code) && also[s.kind.Name] != code:
			f.Errorf("%s %s: answered %d, want %v", f.corpus.Path(), s.kind.Name, code, s.kind.Codes)
		}
	}
	for kind, outcomes := range came {
		slices.Sort(outcomes)
		f.Logf("%-20s %s", kind, strings.Join(slices.Compact(outcomes), ", "))
	}
}

func (f *faulty) outcome(s sentFault, arrivals *ledger.Arrivals) fault.Outcome {
	chunks := f.corpus.Chunks(nil, s.seq)
	arrived := 0
	for _, c := range chunks {
		if n, _ := arrivals.Seen(c.Ordinal, int(c.Spans)); n == uint64(c.Spans) {
			arrived++
		}
	}
	switch code := s.reply.Code; {
	case code == 0:
		return fault.Unanswered
	case code/100 != 2:
		if arrived > 0 {
			f.Errorf("%s was refused with %d, and %d of its traces came out", s.kind.Name, code, arrived)
		}
		return fault.Refused
	case arrived == len(chunks):
		return fault.Accepted
	case arrived == 0:
		return fault.Nothing
	default:
		return fault.Dropped
	}
}

// TestEmbeddedSurvivesRequestFaults sends every malformed request at the embedded
// agent at the same time, with good ones in between.
func TestEmbeddedSurvivesRequestFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		api      scenarios.API
		encoding scenarios.Encoding
		dials    string
	}{
		{scenarios.V03, scenarios.Msgpack, ""},
		{scenarios.V03, scenarios.JSON, ""},
		{scenarios.V04, scenarios.Msgpack, ""},
		{scenarios.V04, scenarios.JSON, ":listen=unix://" + filepath.Join(t.TempDir(), "apm.socket")},
	} {
		t.Run(fmt.Sprint(test.api, " ", test.encoding), func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, "embedded"+test.dials, test.api, test.encoding)
			results, n := make(chan sentFault), 0
			for _, kind := range requestKinds() {
				for key := range draws(kind) {
					send := f.malformed(kind, key)
					n++
					go func() { results <- send() }()
				}
			}
			for range n {
				f.sent = append(f.sent, <-results)
				f.good()
			}
			// It serves no other versions, whose paths are 404.
			f.judge(map[string]int{fault.WrongVersion: http.StatusNotFound})
		})
	}
}
