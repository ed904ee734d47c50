package schedule

import (
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Pacer is a [vegeta.Pacer] over a Schedule: hit k is let go when request k is
// due, late hits at once, and after the last one the attack stops. It neither
// looks at a clock nor waits.
type Pacer struct{ Schedule }

var _ vegeta.Pacer = Pacer{}

// Pace says how long to wait, elapsed into the phase and with hits already let
// go, and whether to stop instead.
func (p Pacer) Pace(elapsed time.Duration, hits uint64) (wait time.Duration, stop bool) {
	if hits >= p.Count() {
		return 0, true
	}
	return max(0, p.Due(hits)-elapsed), false
}
