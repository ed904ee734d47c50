package stats

import "math"

// Sequential is Wald's sequential probability ratio test of a share of successes, such as that of
// probes that hold: after each trial it says whether the share is high, low, or needs another trial.
// Fields of 0 mean: PassLow 0.2, PassHigh 0.8, ErrHolds and ErrBreaks 5%, Most 11.
//
// Whatever Most is, a share of PassLow or less is taken to hold with a probability of at most
// ErrHolds/(1−ErrBreaks), and one of PassHigh or more to break with at most ErrBreaks/(1−ErrHolds).
// The true ones are lower, for boundaries are passed by whole trials. Both with errors of 5%, exactly:
//
//	                   decides at a   true share       wrong   no decision   trials, mean
//	                   lead of
//	.2/.8, Most 11     3              .2 or .8         1.5%     2.5%         4.7
//	                                  .1 or .9         0.14%    0.14%        3.7
//	                                  .5                        24%          6.9
//	.1/.9, Most 6      2              .1 or .9         1.2%     0.6%         2.4
//	                                  .2 or .8         5.7%     3.3%         2.8
//	                                  .5                        12.5%        3.5
//
// A share between the two may come out either way, or as an Edge: there the edge is.
type Sequential struct {
	PassLow, PassHigh   float64 // shares of success, 0 < PassLow < PassHigh < 1
	ErrHolds, ErrBreaks float64 // how often Holds and Breaks may be wrong; their sum below 1
	Most                int     // the largest number of trials
}

// Decision is what a [Sequential] test says so far.
type Decision int

// The decisions.
const (
	Undecided Decision = iota // another trial is needed
	Holds                     // the share is high
	Breaks                    // the share is low
	Edge                      // Most trials cannot tell: the share is likely between the two
)

func (d Decision) String() string {
	switch d {
	case Holds:
		return "holds"
	case Breaks:
		return "breaks"
	case Edge:
		return "edge"
	}
	return "undecided"
}

// Decide says what so many successes and failures amount to. It must be asked after each trial,
// and trials end with the first answer other than Undecided. With h and l for PassHigh and PassLow,
//
//	Λ = passed·ln(h/l) + failed·ln((1−h)/(1−l))
//
// holds from ln((1−ErrBreaks)/ErrHolds) up and breaks from ln(ErrBreaks/(1−ErrHolds)) down. It is an
// Edge as soon as the trials that are left can lead to neither, and always where the fields make no test.
func (s Sequential) Decide(passed, failed int) Decision {
	s = s.orDefaults()
	if !s.valid() {
		return Edge
	}
	success, failure := math.Log(s.PassHigh/s.PassLow), math.Log((1-s.PassHigh)/(1-s.PassLow))
	// A boundary that is met but for rounding is met.
	holds := math.Log((1-s.ErrBreaks)/s.ErrHolds) * (1 - rounding)
	breaks := math.Log(s.ErrBreaks/(1-s.ErrHolds)) * (1 - rounding)
	ratio := float64(passed)*success + float64(failed)*failure
	left := float64(s.Most - passed - failed)
	switch {
	case ratio >= holds:
		return Holds
	case ratio <= breaks:
		return Breaks
	case left <= 0, ratio+left*success < holds && ratio+left*failure > breaks:
		return Edge
	}
	return Undecided
}

func (s Sequential) orDefaults() Sequential {
	for _, field := range []struct {
		value *float64
		or    float64
	}{{&s.PassLow, 0.2}, {&s.PassHigh, 0.8}, {&s.ErrHolds, 0.05}, {&s.ErrBreaks, 0.05}} {
		if *field.value == 0 {
			*field.value = field.or
		}
	}
	if s.Most == 0 {
		s.Most = 11
	}
	return s
}

func (s Sequential) valid() bool {
	return 0 < s.PassLow && s.PassLow < s.PassHigh && s.PassHigh < 1 &&
		s.ErrHolds > 0 && s.ErrBreaks > 0 && s.ErrHolds+s.ErrBreaks < 1
}
