package run

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"github.com/spanstorm/spanstorm/internal/attack"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/results"
)

// books are kept while requests are answered: the outcome of each, and the
// sums that a partial record and the closing of the account need.
type books struct {
	describe ledger.Describe
	outcomes *ledger.Outcomes
	chunks   []ledger.Chunk    // scratch
	retried  *roaring64.Bitmap // requests that were sent more than once
	err      error

	mu      sync.Mutex
	sums    sums
	cutOffs []cutOff // the last of them
}

// cutOff is a request that lost its connection.
type cutOff struct {
	seq uint64
	at  time.Time // when that was noticed
}

// cutOffsMost bounds how many of them are kept.
const cutOffsMost = 4096

// sums are the columns that follow from the answers alone.
type sums struct {
	sent, delivered, refused, unanswered results.Count
	// kept are the delivered chunks that the agent has no reason to withhold.
	kept results.Count
}

func newBooks(describe ledger.Describe, legs []leg) (*books, error) {
	b := &books{describe: describe, outcomes: ledger.NewOutcomes(), retried: roaring64.New()}
	for _, l := range legs {
		if l.traces() {
			if err := b.outcomes.Reserve(l.firstSeq, l.reserved); err != nil {
				return nil, fmt.Errorf("load %s: %w", l.phase.Name, err)
			}
		}
	}
	return b, nil
}

// enter books one answer. It is called by one goroutine.
func (b *books) enter(o attack.Observation) {
	outcome := ledger.Unanswered
	if o.Code != 0 {
		outcome = ledger.Outcome(o.Code)
	}
	if err := b.outcomes.Set(o.Seq, outcome); err != nil && b.err == nil {
		b.err = err // a seq that was not set aside: a defect of the load's
	}

	if o.Tries > 1 {
		b.retried.Add(o.Seq)
	}
	b.chunks = b.describe(b.chunks[:0], o.Seq)
	var all, kept results.Count
	for _, c := range b.chunks {
		one := results.Count{Traces: 1, Spans: uint64(c.Spans)}
		all = all.Plus(one)
		if c.Kept() {
			kept = kept.Plus(one)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sums.sent = b.sums.sent.Plus(all)
	switch {
	case o.Code >= 200 && o.Code < 300:
		b.sums.delivered = b.sums.delivered.Plus(all)
		b.sums.kept = b.sums.kept.Plus(kept)
	case o.Code != 0:
		b.sums.refused = b.sums.refused.Plus(all)
	default:
		b.sums.unanswered = b.sums.unanswered.Plus(all)
		if o.Class == tracer.ClassEOF || o.Class == tracer.ClassReset {
			b.cutOffs = append(b.cutOffs[max(0, len(b.cutOffs)+1-cutOffsMost):], cutOff{o.Seq, time.Now()})
		}
	}
}

// cutOffAbout are the requests that lost their connection about a time, in order.
func (b *books) cutOffAbout(at time.Time) (seqs []uint64) {
	const about = 500 * time.Millisecond
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.cutOffs {
		if d := c.at.Sub(at); d > -about && d < about {
			seqs = append(seqs, c.seq)
		}
	}
	slices.Sort(seqs)
	return seqs
}

// resent says that request seq was sent more than once. It is asked when the
// load is over.
func (b *books) resent(seq uint64) bool { return b.retried.Contains(seq) }

func (b *books) read() sums {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sums
}
