package target

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/internal/target/counters"
	"github.com/spanstorm/spanstorm/results"
)

// claimSource is one source of the target's own counters.
type claimSource struct {
	counters.Source
	meanings map[string]string // of counters, as the target file says it

	// Guarded by Target.mu:
	baseline counters.Readings // what they said at the start
	carried  counters.Readings // what they had counted before the target was started again
	latest   []results.Claim   // as they were read last
	totals   counters.Readings // the same, with all counters
}

// open makes the source that a target file describes.
func (c *claim) open(t *Target, values braces, statsd *counters.StatsD) *claimSource {
	s := &claimSource{meanings: c.Meanings}
	switch {
	case c.Vars != "":
		s.Source = counters.NewVars(t.endpoint.page, values.fill(c.Vars), slices.Sorted(maps.Keys(c.Meanings))...)
	case c.Prometheus != "":
		s.Source = counters.NewPrometheus(t.endpoint.page, values.fill(c.Prometheus))
	default:
		s.Source = statsd
	}
	return s
}

// page fetches a page of the target's counters.
func (e *endpoint) page(ctx context.Context, url string) ([]byte, error) {
	page, err := e.get(ctx, url)
	if err == nil && !is2xx(page.code) {
		err = fmt.Errorf("GET %s: answered %d", e.at(url), page.code)
	}
	return page.body, err
}

// Claims returns the target's own counters, counted from its start, or from
// the last Mark; gauges as they stand. Counters at 0 that speak of no column,
// and reasons that never applied, are left out. After the target's end it
// returns what was read last, and what it has sent. With an error, the claims of
// the sources that could be read are returned beside it.
func (t *Target) Claims(ctx context.Context) ([]results.Claim, error) {
	var all []results.Claim
	var failed error
	for _, s := range t.sources {
		// What it has sent is here; pages went with it.
		if s.Kind() == counters.KindStatsD || !t.ended() {
			if err := t.readClaims(ctx, s); err != nil && failed == nil {
				failed = fmt.Errorf("target %s: %w", t.name, err)
			}
		}
		t.mu.Lock()
		all = append(all, s.latest...)
		t.mu.Unlock()
	}
	return all, failed
}

// readClaims brings the claims of one source up to date.
func (t *Target) readClaims(ctx context.Context, s *claimSource) error {
	readings, err := s.Read(ctx)
	if err != nil {
		return fmt.Errorf("read its counters: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range s.carried {
		if _, there := readings[name]; !there {
			readings[name] = counters.Reading{}
		}
	}
	claims, totals := make([]results.Claim, 0, len(readings)), make(counters.Readings, len(readings))
	for _, name := range slices.Sorted(maps.Keys(readings)) {
		value := readings[name].Value
		// A counter below its start was restarted, and counts from 0.
		if start := s.baseline[name].Value; !readings[name].Gauge && start <= value {
			value -= start
		}
		value += s.carried[name].Value
		totals[name] = counters.Reading{Value: value, Gauge: readings[name].Gauge}
		switch name {
		case counters.GCCount:
			t.gc.Count = uint64(value)
			continue
		case counters.GCPauseNS:
			t.gc.PauseTotalS = value / 1e9
			continue
		}
		meaning := s.meaning(name)
		if value == 0 && (meaning == counters.MeaningOther || strings.ContainsAny(name, "{|") || strings.Count(name, ".") > 1 && s.Kind() == counters.KindVars) {
			continue
		}
		claims = append(claims, results.Claim{Source: s.Kind(), Name: name, Meaning: meaning, Value: value})
	}
	s.latest, s.totals = claims, totals
	return nil
}

// GC is what a Go program says of its garbage collector.
type GC struct {
	Count       uint64
	PauseTotalS float64
}

// GC is what the target's expvar page said of its garbage collector when Claims
// was last called, since its start or the last Mark; zero where no page tells.
func (t *Target) GC() GC {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gc
}

// meaning is what the target file says of a counter, with its labels or without
// them, or else what is known of it.
func (s *claimSource) meaning(name string) string {
	for _, n := range []string{name, counters.Bare(name)} {
		if m, ok := s.meanings[n]; ok {
			return m
		}
	}
	return counters.Meaning(s.Kind(), name)
}

// Mark makes Claims count from now on: what came before the load, such as the
// trace that tries the path, is no claim about the load. What a target counts
// and sends later is waited for, but no longer than its drain.
func (t *Target) Mark(ctx context.Context) error {
	t.Flushed(ctx)
	t.Steady(ctx)
	t.mu.Lock()
	t.gc = GC{}
	t.mu.Unlock()
	for _, s := range t.sources {
		readings, err := s.Read(ctx)
		if err != nil {
			return fmt.Errorf("target %s: read its counters: %w", t.name, err)
		}
		t.mu.Lock()
		s.baseline, s.carried = readings, nil
		t.mu.Unlock()
	}
	return nil
}

// Flushed waits until a target that sends its counters has sent what it counted so
// far, but no longer than its drain; others have nothing to wait for.
func (t *Target) Flushed(ctx context.Context) {
	for _, s := range t.sources {
		if s.Kind() == counters.KindStatsD && !t.ended() {
			t.statsd.Flushed(ctx, t.drain, s.meaning)
		}
	}
}

// How often the pages of a target are looked at until they stand still, and for
// how long at most.
const (
	steadyEvery  = 150 * time.Millisecond
	steadyWithin = 2 * time.Second
)

// Steady waits until the pages with the target's counters say the same twice, for
// an agent may count a trace a moment after it handed it on. It waits no longer
// than two seconds: other traffic may never stop.
func (t *Target) Steady(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, steadyWithin)
	defer cancel()
	tick := time.NewTicker(steadyEvery)
	defer tick.Stop()
	for _, s := range t.sources {
		if s.Kind() == counters.KindStatsD {
			continue
		}
		for before, known := s.spoken(ctx); known && !t.ended(); {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			now, read := s.spoken(ctx)
			if !read || maps.Equal(now, before) {
				break
			}
			before = now
		}
	}
}

// spoken reads the counters that speak of a column; false when they cannot be read.
func (s *claimSource) spoken(ctx context.Context) (map[string]float64, bool) {
	readings, err := s.Read(ctx)
	values := map[string]float64{}
	for name, r := range readings {
		if s.meaning(name) != counters.MeaningOther {
			values[name] = r.Value
		}
	}
	return values, err == nil
}

// listen opens the listener for counters that the target sends, if its file
// asks for one.
func (f *file) listen() (*counters.StatsD, error) {
	for _, c := range f.Claims {
		if c.StatsD == "" {
			continue
		}
		addr := c.StatsD
		if addr == anyStatsD {
			addr = "127.0.0.1:0"
		}
		s, err := counters.Listen(addr)
		if err != nil {
			return nil, fmt.Errorf("target %s: %w", f.Name, err)
		}
		return s, nil
	}
	return nil, nil
}

// lastPackets is how long packets of a target that has ended may be on their way.
const lastPackets = 50 * time.Millisecond
