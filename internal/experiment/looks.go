package experiment

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/spanstorm/spanstorm/internal/stats"
	"github.com/spanstorm/spanstorm/internal/versus"
	"github.com/spanstorm/spanstorm/results"
)

// schedule says when the verdicts of a comparison are read, and how much of the error each
// look may spend. Reading them as often as one likes, and stopping when one likes what one
// reads, would find differences where there are none.
type schedule struct {
	rounds int  // that were asked for
	more   bool // rounds may be added
}

// The first look, and by how much the rounds grow from one to the next.
const (
	firstLook = RoundsDefault
	lookAfter = 1.5
	// early is what all looks before the last may spend together, as a share, where the last is
	// known: they are there to stop a comparison that is clear, the last to decide one that is not.
	early = 0.2
)

// at is the number of rounds at look k, from 0: 12, 18, 27, 41, … and the number that was asked
// for, wherever that lies.
func (s schedule) at(k int) int {
	n := min(firstLook, s.rounds)
	for range k {
		next := int(math.Ceil(float64(n) * lookAfter))
		if n < s.rounds && next > s.rounds {
			next = s.rounds
		}
		n = next
	}
	return n
}

// spends is how much of the error look k may spend: half of what is left to it. Where no rounds may
// be added the early looks share a part of it so, and the last has all the rest.
func (s schedule) spends(k int) float64 {
	half := math.Pow(2, -float64(k+1))
	share := half
	switch {
	case s.more:
	case s.at(k) >= s.rounds:
		share = 1 - early*(1-2*half)
	default:
		share = early * half
	}
	return share * (1 - versus.Confidence)
}

// ahead is how much of it may be spent on more rounds than look k has: at the next look, or at the
// last one of another comparison that is asked for as many.
func (s schedule) ahead(k int) float64 {
	if s.more {
		return s.spends(k + 1)
	}
	return (1 - early) * (1 - versus.Confidence)
}

// next is the look after those that were made.
func (s schedule) next(made []results.Look) results.Look {
	k := len(made)
	return results.Look{Rounds: s.at(k), Alpha: s.spends(k)}
}

// metricsUsual is how many metrics a comparison of two targets usually has.
const metricsUsual = 13

// LeastRounds is how many rounds it takes at least to decide anything about so many targets,
// and metrics (0: the usual ones), where rounds may be added or not.
func LeastRounds(targets, metrics int, more bool) int {
	spend := schedule{rounds: firstLook, more: more}.spends(0)
	return stats.LeastPaired(spend / float64(cmp.Or(metrics, metricsUsual)*max(1, targets-1)))
}

func (c *comparison) schedule() schedule { return schedule{c.Rounds, c.Budget > 0} }

// planned is how many rounds are to be made as it stands: up to the next look.
func (c *comparison) planned() int {
	return max(c.Rounds, c.schedule().next(c.looks).Rounds)
}

// enough looks at the verdicts when it is time to, and says that no more rounds are to be made:
// all is decided, or the rounds that were asked for are made and more would not do, or may not
// be made.
func (c *comparison) enough() bool {
	s, rounds := c.schedule(), len(c.whole())
	look := s.next(c.looks)
	if rounds < look.Rounds {
		over := rounds >= c.Rounds && !c.affords(look.Rounds-rounds)
		c.rec.Comparison.Exhausted = over && s.more
		return over
	}
	c.judge(&look)
	found := c.rec.Comparison
	switch {
	case found.Decided:
		c.say("all is decided at round %d", rounds)
		return true
	case rounds < c.Rounds:
		return false
	case !s.more:
		return true
	}
	least := nearest(found)
	switch next := s.next(c.looks).Rounds; {
	case least == 0:
		c.say("after %d rounds, more would decide nothing", rounds)
		return true
	case !c.affords(max(least, next) - rounds):
		found.Exhausted = true
		c.say("after %d rounds, the budget does not allow for the %d or so that the nearest decision takes", rounds, max(least, next))
		return true
	default:
		c.say("on to %d rounds: about %d would decide another metric", next, least)
		return false
	}
}

// nearest is how many rounds would probably decide the next metric; 0: no number is known that would.
func nearest(c *results.Comparison) int {
	least := 0
	for _, m := range c.Metrics {
		if m.Verdict == results.VerdictUndecided && m.RoundsNeeded > 0 && (least == 0 || m.RoundsNeeded < least) {
			least = m.RoundsNeeded
		}
	}
	return least
}

// affords says that the budget allows for so many more rounds, judged by those that were made.
func (c *comparison) affords(rounds int) bool {
	made := len(c.whole())
	if c.Budget == 0 || made == 0 {
		return false
	}
	spent := c.spent + time.Since(c.began)
	return spent+spent/time.Duration(made)*time.Duration(rounds) <= c.Budget
}

// spoilt says why it makes no sense to go on: too many rounds do not count.
func (c *comparison) spoilt() string {
	bad := map[int]string{}
	for _, r := range c.runs {
		if r.Problem != "" {
			bad[r.ComparedRun.Round] = r.Problem
		}
	}
	if n := len(bad); n >= 3 && n > len(c.whole()) {
		last := 0
		for round := range bad {
			last = max(last, round)
		}
		return fmt.Sprintf("%d of %d rounds do not count, the last because %s", n, n+len(c.whole()), bad[last])
	}
	return ""
}
