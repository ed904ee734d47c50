package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// TryOptions say which target to try. The fields are those of Options.
type TryOptions struct {
	Target       *target.Spec
	Self, Intake string
	AllowRemote  bool
	Log          *slog.Logger
}

// Trial is what came of trying a target: whether it starts, takes traces by each
// API, forwards them, and says how it counts.
type Trial struct {
	Target results.Target `json:"target"`
	// Acceptance says how it is learnt what the target accepted; see results.Ledger.Source.
	Acceptance string  `json:"acceptance"`
	StartS     float64 `json:"start_s"` // until it was healthy
	StopS      float64 `json:"stop_s"`  // 0: it was not started here
	// Listed says who lists the APIs that were tried: file, info, or nobody.
	Listed string          `json:"listed"`
	Tries  []Try           `json:"tries"`
	Claims []results.Claim `json:"claims"`
	// Problems are those that are not of one API, each with a remedy.
	Problems []string `json:"problems"`
	// Warnings are findings that keep nothing from working.
	Warnings []string `json:"warnings"`
}

// Who lists the APIs of a target.
const (
	ListedByFile   = "file"
	ListedByInfo   = "info"
	ListedByNobody = "nobody"
)

// Try is one trace by one API in one encoding.
type Try struct {
	API      string `json:"api"`
	Encoding string `json:"encoding"`
	Code     int    `json:"code"` // of the answer; 0: none
	// CameOut says that the trace was seen at the intake, or claimed to be
	// accepted where that is believed; nil: nobody could look.
	CameOut *bool   `json:"came_out,omitempty"`
	TookS   float64 `json:"took_s"` // from sending to the arrival at the intake; 0: it did not come
	Works   bool    `json:"works"`
	Problem string  `json:"problem,omitempty"` // with a remedy
}

// Works says that everything does that the target lists; where nobody lists
// anything, that something does.
func (t *Trial) Works() bool {
	works := func(y Try) bool { return y.Works }
	if len(t.Problems) > 0 {
		return false
	}
	if t.Listed == ListedByNobody {
		return slices.ContainsFunc(t.Tries, works)
	}
	return !slices.ContainsFunc(t.Tries, func(y Try) bool { return !y.Works })
}

// trialScenario is the bundled scenario whose traces are sent.
const trialScenario = "smoke"

// TryTarget starts a target, sends one trace through each API that it lists, in
// each encoding of it, waits for it at the intake, reads the target's claims and
// stops it. An error means that the target could not be tried at all.
func TryTarget(ctx context.Context, o TryOptions) (*Trial, error) {
	r := &run{
		Options: Options{Target: o.Target, Self: o.Self, Intake: o.Intake, AllowRemote: o.AllowRemote, Log: o.Log},
		rec:     &results.Record{},
	}
	defer r.down()
	listen, err := r.startIntake(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := r.startTarget(ctx, listen, nil); err != nil {
		return nil, err
	}
	trial := &Trial{StartS: time.Since(began).Seconds(), Acceptance: r.acceptance(), Claims: []results.Claim{}, Problems: []string{}}
	apis, listed := r.listed(ctx)
	trial.Listed = listed
	for _, api := range apis {
		for _, encoding := range []scenarios.Encoding{scenarios.Msgpack, scenarios.JSON} {
			if encoding == scenarios.JSON && !api.TakesJSON() {
				continue
			}
			try, err := r.try(ctx, api, encoding)
			if err != nil {
				return nil, err
			}
			trial.Tries = append(trial.Tries, try)
		}
		if r.died() {
			break
		}
	}
	r.last(ctx, trial)
	return trial, ctx.Err()
}

// listed are the API versions to try, and who says so.
func (r *run) listed(ctx context.Context) (apis []scenarios.API, by string) {
	for _, api := range r.target.APIs() {
		apis = append(apis, scenarios.API(api))
	}
	if len(apis) > 0 {
		return apis, ListedByFile
	}
	endpoints := r.target.Endpoints(ctx)
	for _, api := range scenarios.APIs() {
		path := "/" + string(api) + "/traces"
		if slices.ContainsFunc(endpoints, func(e string) bool { return strings.TrimSuffix(e, "/") == path }) {
			apis = append(apis, api)
		}
	}
	if len(apis) > 0 {
		return apis, ListedByInfo
	}
	return scenarios.APIs(), ListedByNobody
}

// try sends one trace by one API. The error is not the target's.
func (r *run) try(ctx context.Context, api scenarios.API, encoding scenarios.Encoding) (Try, error) {
	try := Try{API: string(api), Encoding: string(encoding)}
	fail := func(err error) (Try, error) { return try, fmt.Errorf("try API %s in %s: %w", api, encoding, err) }
	var err error
	r.Scenario, err = scenarios.Load(trialScenario, []string{"api=" + string(api), "encoding=" + string(encoding), "corpus.spans=1000"})
	if err != nil {
		return fail(err)
	}
	if r.corpus, err = generator.Compile(r.Scenario); err != nil {
		return fail(err)
	}
	// A key of its own: what came of other tries is no trace of this one.
	if r.key, err = identity.NewKey(); err != nil {
		return fail(err)
	}
	if err := r.intake.SetRun(ctx, r.key, r.corpus.Layout()); err != nil {
		return fail(err)
	}
	if r.clients != nil {
		r.clients.Close()
	}
	if r.clients, err = tracer.New(r.clientConfig()); err != nil {
		return fail(err)
	}
	problem := r.probe(ctx)
	if errors.Is(problem, context.Canceled) && ctx.Err() != nil {
		return fail(problem)
	}
	try.Code, try.Works = r.first.code, problem == nil
	if (r.accountable() || r.claimed()) && r.first.code != 0 {
		came := r.first.cameOut // of this try; r.first is used again
		try.CameOut = &came
		if came {
			try.TookS = r.first.took.Seconds()
		}
	}
	if problem != nil {
		try.Problem = "PUT " + r.corpus.Path() + " " + problem.Error()
	}
	return try, nil
}

// last reads the target's claims and stops it.
func (r *run) last(ctx context.Context, trial *Trial) {
	slices.Sort(r.rec.Warnings)
	trial.Warnings = append([]string{}, slices.Compact(r.rec.Warnings)...) // each try may have said the same
	r.target.Flushed(ctx)
	claims, err := r.target.Claims(ctx)
	if err != nil {
		trial.Problems = append(trial.Problems, "claims: "+err.Error()+"; correct the URL, or take it out of the target file")
	}
	trial.Claims = append(trial.Claims, claims...)
	if exit, ended := r.target.Exit(); ended {
		trial.Problems = append(trial.Problems, fmt.Sprintf("the target died: %s; see the end of its standard error", exit))
	} else if r.target.Started() {
		began := time.Now()
		if err := r.target.Stop(ctx); err != nil {
			trial.Problems = append(trial.Problems, err.Error()+"; give it longer with stop_timeout")
		}
		trial.StopS = time.Since(began).Seconds()
	}
	trial.Target = r.target.Info()
	if trial.Target.StderrTail == nil {
		trial.Target.StderrTail = []string{}
	}
}
