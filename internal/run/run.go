// Package run is one run from start to record: intake up, target up, first
// trace, load, account closed, target down, record written.
//
// What the parts do lives in the rooms below; here is only their order, and
// what happens when one of them fails.
package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/attack"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/internal/meter"
	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Options say what to run.
type Options struct {
	Scenario *scenarios.Scenario
	Target   *target.Spec
	// Out is the folder of the record; it must not exist, or be empty.
	Out string
	// Self is our own executable, of which the other roles are started.
	Self string
	// Intake is where the intake listens, host:port; empty for a free loopback
	// port. An agent that was started elsewhere is accounted for only when it is set.
	Intake string
	// AllowRemote permits a target that is not on this machine.
	AllowRemote bool
	// Restart starts a target again that died, and goes on.
	Restart bool
	// Key is the run's key, of which all ids are made; nil: one is drawn.
	Key *identity.Key
	// Round says of which comparison the run is a part; nil: of none.
	Round *results.Round
	// Raw keeps every result in vegeta's own format.
	Raw bool
	// Progress, when set, is called about once a second, from one goroutine at a time.
	Progress func(Progress)
	Log      *slog.Logger
}

// Bounds on what is waited for.
const (
	roleStartTimeout = 10 * time.Second
	controlTimeout   = 5 * time.Second
	// interruptedFor bounds everything between Ctrl-C and the saved record.
	interruptedFor = 3 * time.Second
	targetLogBytes = 8 << 20
)

// errTargetDied is why a load was given up.
var errTargetDied = errors.New("the target died")

// run is the state of one run.
type run struct {
	Options
	corpus *generator.Corpus
	key    identity.Key
	codec  *identity.Codec
	// sampling is set where tracers obey the agent's sampling rates.
	sampling *generator.Sampling
	plan     []leg
	expect   []results.Expectation

	writer    *results.Writer
	targetLog *os.File

	intakeRole *process.Process
	intake     *intake.Client
	target     *target.Target
	clients    *tracer.Client

	books     *books
	observe   func(attack.Observation) // each answer of the load: enters it into the books
	incidents *incidents               // nil: the scenario has none
	keeper    *keeper                  // nil before the load
	events    *events                  // nil before the load
	progress  attack.Progress
	meter     *meter.Meter // nil before the load
	phases    []done
	first     first
	unsent    uint64  // requests of phases that were never begun
	cpuBefore float64 // CPU seconds of the target before the load
	reasons   []string
	closed    closing

	recMu sync.Mutex // of rec, while the run goes on
	rec   *results.Record

	stageMu   sync.Mutex
	stageName string
}

// Run does one run and leaves its record in o.Out. The record is returned
// whenever there is one, beside an error too; an interrupted run has a
// record and no error. What is wrong with the figures is said in the record.
func Run(ctx context.Context, o Options) (*results.Record, error) {
	r := &run{Options: o}
	if err := r.prepare(); err != nil {
		return nil, err
	}
	defer r.down()
	defer process.Thrifty()()
	if err := r.up(ctx); err != nil {
		return nil, r.failed(err)
	}
	if err := r.firstTrace(ctx); err != nil {
		return nil, r.failed(err)
	}
	r.announce(ctx)
	if err := r.load(ctx); err != nil {
		return r.rec, err
	}
	return r.finish(ctx)
}

// prepare does all that can fail without starting anything.
func (r *run) prepare() error {
	var err error
	if r.corpus, err = generator.Compile(r.Scenario); err != nil {
		return fmt.Errorf("scenario %s: %w", r.Scenario.Name, err)
	}
	if r.plan, err = plan(r.Scenario, r.corpus); err != nil {
		return fmt.Errorf("scenario %s: %w", r.Scenario.Name, err)
	}
	for _, text := range r.Scenario.Expect {
		e, err := results.ParseExpectation(text)
		if err != nil {
			return fmt.Errorf("scenario %s: expectation %q: %w", r.Scenario.Name, text, err)
		}
		r.expect = append(r.expect, e)
	}
	if r.Key != nil {
		r.key = *r.Key
	} else if r.key, err = identity.NewKey(); err != nil {
		return fmt.Errorf("drawing the run's key: %w", err)
	}
	r.codec = identity.New(r.key, r.corpus.Layout())
	if r.writer, err = results.Create(r.Out); err != nil {
		return err
	}
	describe := r.corpus.Chunks
	if r.Scenario.Clients.ObeyRates {
		r.sampling = r.corpus.Sampling(r.key, func() map[string]float64 { return r.clients.Rates() }, nil)
		describe = r.sampling.Chunks
	}
	if r.books, err = newBooks(describe, r.plan); err != nil {
		return fmt.Errorf("scenario %s: %w", r.Scenario.Name, err)
	}
	r.observe = r.books.enter
	r.incidents = newIncidents(r.Scenario.Incidents, r.corpus.IncidentOf)
	if r.rec, err = newRecord(r.Scenario, r.corpus); err != nil {
		return err
	}
	r.rec.RunKey, r.rec.Round = r.key.String(), r.Round
	return r.writer.Save(r.rec)
}

// up starts the intake and the target.
func (r *run) up(ctx context.Context) error {
	var err error
	if r.targetLog, err = os.Create(filepath.Join(r.Out, "target.log")); err != nil {
		return fmt.Errorf("opening the target's log: %w", err)
	}
	listen, err := r.startIntake(ctx)
	if err != nil {
		return err
	}
	if err := r.intake.SetRun(ctx, r.key, r.corpus.Layout()); err != nil {
		return fmt.Errorf("giving the intake the run's key: %w", err)
	}
	if err := r.startTarget(ctx, listen, process.NewLog(r.targetLog, targetLogBytes), r.Scenario.Events...); err != nil {
		return err
	}
	if err := r.want(ctx); err != nil {
		return err
	}
	r.clients, err = tracer.New(r.clientConfig())
	return err
}

// startIntake starts the intake and says where it takes what agents forward.
func (r *run) startIntake(ctx context.Context) (string, error) {
	listen := r.Intake
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	role, ready, err := process.StartRole(ctx, process.Command{
		Path: r.Self, Args: []string{"intake", "--listen", listen, "--control", "127.0.0.1:0"},
	}, roleStartTimeout)
	if err != nil {
		return "", fmt.Errorf("starting the intake on %s (--intake): %w", listen, err)
	}
	r.intakeRole = role
	r.intake = intake.NewClient(ready.Control)
	return ready.Listen, nil
}

// startTarget brings the target up, with an intake at listen behind it, where it can
// meet such events.
func (r *run) startTarget(ctx context.Context, listen string, log io.Writer, such ...scenarios.Event) error {
	var err error
	r.target, err = r.Target.Start(ctx, target.Env{
		Intake:      "http://" + listen,
		Self:        r.Self,
		Log:         log,
		AllowRemote: r.AllowRemote,
		Limits:      limitsSuch(such),
	})
	return err
}

// accountable says that what the target forwards can be seen at our intake.
func (r *run) accountable() bool {
	return r.target.Acceptance() == target.AcceptanceIntake && (r.target.Started() || r.Intake != "")
}

// claimed says that acceptance is learnt from the target's own counters.
func (r *run) claimed() bool {
	l := results.Ledger{Source: r.target.Acceptance()}
	return l.Claimed()
}

// acceptance says how it is learnt what the target accepted: as its file says, or
// where no intake stands behind it, from its answers alone.
func (r *run) acceptance() string {
	if source := r.target.Acceptance(); source != target.AcceptanceIntake || r.accountable() {
		return source
	}
	return target.AcceptanceStatus
}

// down stops whatever still runs. It is harmless after a run that ended well.
func (r *run) down() {
	ctx, cancel := context.WithTimeout(context.Background(), controlTimeout)
	defer cancel()
	if r.meter != nil {
		r.meter.Stop()
	}
	if r.clients != nil {
		r.clients.Close()
	}
	if r.target != nil {
		if err := r.target.Stop(ctx); err != nil {
			r.Log.Warn("stopping the target", "err", err)
		}
	}
	if r.intakeRole != nil {
		if err := r.intakeRole.Stop(ctx, time.Second); err != nil {
			r.Log.Warn("stopping the intake", "err", err)
		}
	}
	if r.targetLog != nil {
		_ = r.targetLog.Close()
	}
}

// arrivals fetches what the intake has seen.
func (r *run) arrivals(ctx context.Context) (*ledger.Arrivals, error) {
	ctx, cancel := context.WithTimeout(ctx, 6*controlTimeout)
	defer cancel()
	got, err := r.intake.Arrivals(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking the intake what arrived: %w", err)
	}
	return got, nil
}
