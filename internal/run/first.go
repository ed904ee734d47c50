package run

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/attack"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/schedule"
	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// clientConfig says who sends, and where to.
func (r *run) clientConfig() tracer.Config {
	return tracer.Config{
		URL:            r.target.URL(),
		Socket:         r.target.Socket(),
		Clients:        r.corpus.Clients(),
		Pick:           r.corpus.Client,
		Headers:        r.Scenario.Headers,
		RealHTTPStatus: r.Scenario.RealHTTPStatus,
		MaxInFlight:    r.Scenario.MaxInFlight,
		BodyBytes:      r.corpus.Means().Bytes,
	}
}

// answer is what a delivered payload is answered with.
func (r *run) answer() tracer.Answer {
	if r.Scenario.API == scenarios.V03 {
		return tracer.AnswerOK
	}
	return tracer.AnswerObject
}

// single is a source that has one body.
type single struct {
	body   func(dst []byte, atUnixNS int64) []byte
	traces int
}

func (s single) Append(dst []byte, _ uint64, atUnixNS int64) []byte { return s.body(dst, atUnixNS) }
func (s single) Traces(uint64) int                                  { return s.traces }

// servicesSource sends the services again and again.
func servicesSource(corpus *generator.Corpus) single {
	body := corpus.Services()
	return single{body: func(dst []byte, _ int64) []byte { return append(dst, body...) }}
}

// One request in ten seconds is due at once, and may still be sent late by a
// machine that is busy.
const onceWithin = 10 * time.Second

// once sends one request outside the load.
func (r *run) once(ctx context.Context, name string, plan attack.Plan) (attack.Observation, error) {
	rate := scenarios.Quantity{PerS: 1 / onceWithin.Seconds(), Unit: scenarios.Requests}
	phase := &scenarios.Phase{
		Name: name,
		Rate: &scenarios.Rate{From: rate, To: rate},
		For:  scenarios.Duration(onceWithin),
	}
	timetable, err := schedule.New(phase, schedule.Means{Traces: 1, Spans: 1, Bytes: 1})
	if err != nil {
		return attack.Observation{}, fmt.Errorf("%s: %w", name, err)
	}
	plan.Phase, plan.Schedule = phase, timetable
	plan.Client = r.clients
	plan.MaxInFlight = 1
	plan.Timeout = time.Duration(r.Scenario.Timeout)
	var seen attack.Observation
	sent := false
	_, err = attack.Run(ctx, plan, func(o attack.Observation) { seen, sent = o, true })
	switch {
	case err != nil:
		return seen, fmt.Errorf("%s: %w", name, err)
	case ctx.Err() != nil:
		return seen, ctx.Err()
	case !sent:
		return seen, fmt.Errorf("%s: this machine is too busy to send a request within %s", name, onceWithin)
	}
	return seen, nil
}

// firstTrace sends one trace through the chosen API and waits for it at the
// intake, so that an agent that says 200 to anything, or forwards elsewhere, is
// found out before the load. An agent that loses some of its traffic may lose
// this trace too: others are sent until one has come out, or none has for as
// long as the target may take.
func (r *run) firstTrace(ctx context.Context) error {
	if len(r.Scenario.Shapes) == 0 {
		return nil
	}
	if err := r.takesAPI(ctx); err != nil {
		return err
	}
	err := r.probe(ctx)
	r.rec.FirstAnswer = r.first.answer // nothing else uses the record before the load
	if err != nil {
		return fmt.Errorf("first trace: PUT %s to %s %w", r.corpus.Path(), r.target.URL(), err)
	}
	return nil
}

// takesAPI says no when the target itself does: its file lists other APIs or,
// where that lists none, its /info announces where it takes traces, and the API's
// path is not there. Agents that announce nothing of the kind are asked with a trace.
func (r *run) takesAPI(ctx context.Context) error {
	refused := func(by string, listed []string) error {
		return fmt.Errorf("target %s does not take API %s: %s lists %s; choose one with --set api=…",
			r.target.Info().Name, r.Scenario.API, by, strings.Join(listed, ", "))
	}
	if apis := r.target.APIs(); apis != nil {
		if !slices.Contains(apis, string(r.Scenario.API)) {
			return refused("its file", apis)
		}
		return nil
	}
	var listed []string
	for _, path := range r.target.Endpoints(ctx) {
		path = strings.TrimSuffix(path, "/")
		if path == r.corpus.Path() {
			return nil
		}
		if api, traces := strings.CutSuffix(path, "/traces"); traces && strings.HasPrefix(api, "/v") {
			listed = append(listed, api[1:])
		}
	}
	if len(listed) > 0 {
		return refused("its /info", listed)
	}
	return nil
}

// first is what became of the first traces: of the last of them, unless one came out.
type first struct {
	code    int // 0: no answer
	cameOut bool
	took    time.Duration // from the first sending to the arrival at the intake
	answer  *results.FirstAnswer
}

// probe sends first traces until one is known to have come out.
func (r *run) probe(ctx context.Context) error {
	composer := r.corpus.Composer(r.key)
	delivered := false
	began := time.Now()
	r.first = first{}
	patience, tries := r.target.Drain()/identity.Probes, identity.Probes
	if r.claimed() {
		// A trace that is counted after the load's begin would be counted in it.
		patience, tries = r.target.Drain()/2, identity.Probes/2
	}
	for try := range tries {
		seen, err := r.once(ctx, "first trace", attack.Plan{
			Path: r.corpus.Path(), ContentType: r.corpus.ContentType(), Answer: r.answer(),
			Seen:   func(seen tracer.Seen) { r.first.answer = firstAnswer(seen) },
			Source: single{traces: 1, body: func(dst []byte, at int64) []byte { return append(dst, composer.Probe(try, at)...) }},
		})
		r.first.code = seen.Code
		switch last := try == tries-1; {
		case err != nil:
			return fmt.Errorf("failed: %w", err)
		case seen.Delivered():
			delivered = true
		case delivered || !last && mayPass(seen): // ask again
		case seen.Code == 0:
			return fmt.Errorf("failed: %w; is an agent listening there, and does it speak HTTP?", seen.Err)
		default:
			return fmt.Errorf("was answered %d: %s", seen.Code, r.refusal(seen.Code))
		}
		if !r.accountable() && !r.claimed() {
			if delivered {
				r.warn("no intake stands behind this target, so acceptance is not known: delivery only. Point the agent at --intake HOST:PORT to account for every trace")
				return nil
			}
			continue
		}
		if came, err := r.awaitFirst(ctx, patience); came || err != nil {
			r.first.cameOut, r.first.took = came, time.Since(began)
			return err
		}
	}
	if r.claimed() {
		return fmt.Errorf("was answered 2xx, but within %s the target's counters (%s) did not say that it was accepted: "+
			"the target does not serve API %s, or none of its counters is known to speak of accepted; meanings in the target file says which one does",
			time.Duration(tries)*patience, r.target.Acceptance(), r.Scenario.API)
	}
	return fmt.Errorf("was answered 2xx, but the trace never came out at the intake within %s: "+
		"the target does not serve API %s (some agents answer 200 to any path), or it does not forward to this run's intake",
		r.target.Drain(), r.Scenario.API)
}

// mayPass tells a failure that another try may not meet from one that stays.
func mayPass(o attack.Observation) bool {
	return o.Code == http.StatusTooManyRequests || o.Code >= http.StatusInternalServerError ||
		o.Code == 0 && (o.Class == tracer.ClassReset || o.Class == tracer.ClassEOF)
}

// refusal says what a refused first trace means.
func (r *run) refusal(code int) string {
	switch {
	case code >= 300 && code < 400:
		return "redirects are never followed; give --target the address itself"
	case code == http.StatusBadRequest, code == http.StatusNotFound, code == http.StatusMethodNotAllowed, code == http.StatusUnsupportedMediaType:
		return fmt.Sprintf("the target does not take API %s in %s; choose another with --set api=… or --set encoding=…", r.Scenario.API, r.Scenario.Encoding)
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return "the target asks for a permission; trace agents do not: is this one? Headers can be set with `headers:`"
	default:
		return "the target is not fit to be loaded; its own log may say why"
	}
}

// awaitFirst waits for the first trace to come out at the intake, but not
// longer than patience.
func (r *run) awaitFirst(ctx context.Context, patience time.Duration) (bool, error) {
	enough := time.NewTimer(patience)
	defer enough.Stop()
	tick := time.NewTicker(pollEvery / 5)
	defer tick.Stop()
	for {
		if r.firstCame(ctx) {
			return true, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-enough.C:
			return false, nil
		case <-r.target.Done():
			exit, _ := r.target.Exit()
			return false, fmt.Errorf("was the end of the target: %w: %s", errTargetDied, exit)
		case <-tick.C:
		}
	}
}

// firstCame says that a first trace has come out: at the intake or, where the
// target's counters are believed, that they say so.
func (r *run) firstCame(ctx context.Context) bool {
	if !r.claimed() {
		progress, err := r.intake.Progress(ctx)
		return err == nil && progress.Probe
	}
	claims, err := r.target.Claims(ctx)
	said := r.saidAccepted(claims)
	return err == nil && said != (results.Count{})
}

// announce tells the agent of the services, as tracers used to.
func (r *run) announce(ctx context.Context) {
	if !r.Scenario.AnnounceServices || ctx.Err() != nil {
		return
	}
	seen, err := r.once(ctx, "announcement", attack.Plan{
		Path: servicesPath(r.Scenario.API), ContentType: "application/json", Source: servicesSource(r.corpus),
	})
	if err != nil {
		r.Log.Warn("announcing the services", "err", err)
	}
	r.announced(seen)
}

// announced counts one announcement of services.
func (r *run) announced(o attack.Observation) {
	r.recMu.Lock()
	defer r.recMu.Unlock()
	a := &r.rec.Announcements
	a.Sent++
	if o.Code != 0 {
		byCode := maps.Clone(a.ByCode)
		byCode[fmt.Sprint(o.Code)]++
		a.ByCode = byCode
		return
	}
	o.Class.Count(&a.Errors)
}

// servicesPath is where services are announced. It came with v0.3 and again with
// v0.4, and with no API since: tracers of later ones that still announce use the last.
func servicesPath(api scenarios.API) string {
	if api == scenarios.V03 {
		return "/v0.3/services"
	}
	return "/v0.4/services"
}
