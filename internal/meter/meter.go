// Package meter looks at a run from outside, once a second: what its processes and
// the machine they share have used, and how far the intake is.
package meter

import (
	"context"
	"sync"
	"time"

	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/results"
)

// Sources are what a Meter reads.
type Sources struct {
	Target, Intake func() process.Usage
	Progress       func(context.Context) (intake.Progress, error)
	// Sampled is called after each sample; last says that it is the last.
	Sampled func(last bool)
}

// Meter samples from the begin of the load until the account is closed.
type Meter struct {
	Sources
	began time.Time

	mu      sync.Mutex
	samples []sample
	begin   reading // of the load
	end     reading // of the load, or the last one while it goes on
	over    bool    // the load
	before  sample  // the totals at the last sample
	latest  intake.Progress

	cancel context.CancelFunc
	done   chan struct{}
	stop   sync.Once
}

// sample is what was measured in one second of the run.
type sample struct {
	target, generator process.Usage // CPU in this second, memory at its end
	machine           processors
	accepted          uint64
}

// reading is what the machine did up to a moment, and what of that was for the run.
type reading struct {
	machine processors
	runCPUS float64
}

// New is a meter of a load that begins now.
func New(began time.Time, s Sources) *Meter {
	m := &Meter{Sources: s, began: began, done: make(chan struct{})}
	m.before = m.look()
	m.begin = m.reading(&m.before)
	m.end = m.begin
	return m
}

// Start begins to sample, at every full second of the load, until Stop.
func (m *Meter) Start(ctx context.Context) {
	ctx, m.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go m.run(ctx)
}

// look reads totals, but for what arrived.
func (m *Meter) look() sample {
	return sample{target: m.Target(), generator: process.SelfUsage(), machine: readProcessors(m.began)}
}

func (m *Meter) run(ctx context.Context) {
	defer close(m.done)
	for n := 1; ; n++ {
		timer := time.NewTimer(time.Until(m.began.Add(time.Duration(n) * time.Second)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		m.sample(ctx)
		m.Sampled(false)
	}
}

// Stop takes a last sample, of the second that is not over. Later calls do nothing.
func (m *Meter) Stop() {
	m.stop.Do(func() {
		m.cancel()
		<-m.done
		m.sample(context.Background())
		m.Sampled(true)
	})
}

func (m *Meter) sample(ctx context.Context) {
	now := m.look()
	at := m.reading(&now)
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	progress, err := m.Progress(ctx)

	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.over {
		m.end = at
	}
	now.accepted = m.before.accepted
	if err == nil {
		m.latest = progress
		now.accepted = progress.Complete
	}
	s := now
	s.target.CPUS -= m.before.target.CPUS
	s.generator.CPUS -= m.before.generator.CPUS
	s.machine = s.machine.since(m.before.machine)
	s.accepted -= m.before.accepted
	m.before = now
	m.samples = append(m.samples, s)
}

func (m *Meter) reading(s *sample) reading {
	return reading{machine: s.machine, runCPUS: s.target.CPUS + s.generator.CPUS + m.Intake().CPUS}
}

// LoadOver says that the load has ended now.
func (m *Meter) LoadOver() {
	now := m.look()
	at := m.reading(&now)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.end, m.over = at, true
}

// Arrived notes how far the intake is, between samples.
func (m *Meter) Arrived(p intake.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest = p
}

// Latest is how far the intake was last seen.
func (m *Meter) Latest() intake.Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.latest
}

// Elapsed is how long ago the load began.
func (m *Meter) Elapsed() time.Duration { return time.Since(m.began) }

// Fill adds to the seconds what was measured in them, and rows for the seconds
// after the load in which traces still came out.
func (m *Meter) Fill(rows []results.Second) []results.Second {
	m.mu.Lock()
	defer m.mu.Unlock()
	return withSamples(rows, m.samples)
}

func withSamples(rows []results.Second, samples []sample) []results.Second {
	seen := map[int]bool{}
	last := -1
	for i := range rows {
		t := rows[i].T
		if t < len(samples) && !seen[t] {
			seen[t] = true
			samples[t].fill(&rows[i])
		}
		last = max(last, t)
	}
	for t := last + 1; t < len(samples); t++ {
		row := results.Second{T: t, Phase: "drain"}
		samples[t].fill(&row)
		rows = append(rows, row)
	}
	return rows
}

func (s *sample) fill(row *results.Second) {
	row.Accepted = s.accepted
	row.TargetCPUS, row.TargetRSSBytes = s.target.CPUS, s.target.RSSBytes
	row.TargetThreads, row.TargetFDs = s.target.Threads, s.target.FDs
	row.GeneratorCPUS, row.GeneratorRSSBytes = s.generator.CPUS, s.generator.RSSBytes
	row.MachineCPUS, row.MachineStolenCPUS = s.machine.busy(), s.machine.stolen
}
