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
	cpuS     float64
	rssBytes uint64
	accepted uint64
}

// meter samples the target and the intake once a second, from the begin of the
// load until the account is closed.
type meter struct {
	r     *run
	began time.Time

	mu       sync.Mutex
	samples  []sample
	usage    process.Usage // at the last sample
	complete uint64        // at the last sample
	latest   intake.Progress

	cancel context.CancelFunc
	done   chan struct{}
}

func newMeter(r *run, began time.Time) *meter {
	return &meter{r: r, began: began, usage: r.target.Usage()}
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
	usage := m.r.target.Usage()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	progress, err := m.r.intake.Progress(ctx)

	m.mu.Lock()
	defer m.mu.Unlock()
	s := sample{cpuS: usage.CPUS - m.usage.CPUS, rssBytes: usage.RSSBytes}
	m.usage = usage
	if err == nil {
		m.latest = progress
		s.accepted = progress.Complete - m.complete
		m.complete = progress.Complete
	}
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
