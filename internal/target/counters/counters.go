// Package counters reads what a target says of itself: the counters that it
// shows or sends, in the three forms that agents have for them, and which column
// of the account each of them speaks of.
//
//	vars        an expvar page: one JSON object
//	prometheus  a page of Prometheus's text exposition
//	statsd      packets that the target sends to a listener of ours
//
// Nothing here judges a counter. Whether it is right is for the ledger to say.
package counters

import (
	"context"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// The kinds of sources, as records name them.
const (
	KindVars       = results.SourceVars
	KindPrometheus = results.SourcePrometheus
	KindStatsD     = results.SourceStatsD
)

// Kinds lists the kinds of sources.
func Kinds() []string { return []string{KindVars, KindPrometheus, KindStatsD} }

// Most is how many counters are kept of one source. Of those that have no
// meaning, half as many.
const Most = 1000

// Source is one place where a target's counters are.
type Source interface {
	// Kind is one of the Kinds.
	Kind() string
	// Read returns the counters as they stand. The map is the caller's.
	Read(ctx context.Context) (Readings, error)
	// Close ends what the source holds open; it can be read no more.
	Close() error
}

// Readings are counters by name, as the target spells them. Where one counter
// has a value for each of several labels or tags, those that say what it speaks
// of are in the name, and the values of all others are added up: see [spoken].
type Readings map[string]Reading

// Reading is the value of one counter.
type Reading struct {
	Value float64
	// Gauge says that the value goes up and down: it has no begin to count from.
	Gauge bool
}

// add adds to a counter, if there is room for its name.
func (r Readings) add(kind, name string, value float64, gauge bool) {
	at, known := r[name]
	if !known && !room(len(r), kind, name) {
		return
	}
	r[name] = Reading{Value: at.Value + value, Gauge: gauge}
}

// room says whether another name may be kept beside n others.
func room(n int, kind, name string) bool {
	return n < Most/2 || n < Most && Meaning(kind, name) != MeaningOther
}

// spoken says that a label or tag tells apart what a counter speaks of. The
// others tell apart whom it speaks of: the language of a tracer, a transport.
func spoken(label string) bool {
	switch label {
	case "reason", "priority", "exporter", "processor", "receiver":
		return true
	}
	return false
}

// Bare is the name of a counter without its labels or tags.
func Bare(name string) string {
	if i := strings.IndexAny(name, "{|"); i >= 0 {
		return name[:i]
	}
	return name
}

// Get fetches a page: a GET that was answered 2xx.
type Get func(ctx context.Context, url string) ([]byte, error)

// page is a source that is asked.
type page struct {
	kind  string
	url   string // or a path below the target's URL
	get   Get
	parse func([]byte) (Readings, error)
}

func (p *page) Kind() string { return p.kind }
func (p *page) Close() error { return nil }

func (p *page) Read(ctx context.Context) (Readings, error) {
	body, err := p.get(ctx, p.url)
	if err != nil {
		return nil, err
	}
	return p.parse(body)
}
