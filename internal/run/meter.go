package run

import (
	"context"
	"sync"
	"time"

	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/process"
)

// sample is what was measured from outside in one second of the run.
type sample struct {
	target, generator process.Usage // CPU in this second, memory at its end
	accepted          uint64
}

// meter samples the target and the intake once a second, from the begin of the
// load until the account is closed.
type meter struct {
	r     *run
	began time.Time

	mu      sync.Mutex
	samples []sample
	before  sample // the totals at the last sample
	latest  intake.Progress

	cancel context.CancelFunc
	done   chan struct{}
}

func newMeter(r *run, began time.Time) *meter {
	return &meter{r: r, began: began, before: sample{target: r.target.Usage(), generator: process.SelfUsage()}}
}

// start begins to sample, at every full second, until stop.
func (m *meter) start(ctx context.Context) {
	ctx, m.cancel = context.WithCancel(context.WithoutCancel(ctx))
	m.done = make(chan struct{})
	go func() {
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
			m.r.tell(false)
		}
	}()
}

// stop takes a last sample, of the second that is not over.
func (m *meter) stop() {
	m.cancel()
	<-m.done
	m.sample(context.Background())
	m.r.tell(true)
}

func (m *meter) sample(ctx context.Context) {
	now := sample{target: m.r.target.Usage(), generator: process.SelfUsage()}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	progress, err := m.r.intake.Progress(ctx)

	m.mu.Lock()
	defer m.mu.Unlock()
	now.accepted = m.before.accepted
	if err == nil {
		m.latest = progress
		now.accepted = progress.Complete
	}
	s := now
	s.target.CPUS -= m.before.target.CPUS
	s.generator.CPUS -= m.before.generator.CPUS
	s.accepted -= m.before.accepted
	m.before = now
	m.samples = append(m.samples, s)
}

// arrived notes how far the intake is, between samples.
func (m *meter) arrived(p intake.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest = p
}

// read returns the samples so far, and how far the intake was last seen.
func (m *meter) read() (samples []sample, latest intake.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]sample(nil), m.samples...), m.latest
}
