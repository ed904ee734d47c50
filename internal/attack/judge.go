package attack

import (
	"fmt"
	"time"
)

// Figures are what the rules of validity go by, for one phase.
type Figures struct {
	Phase       string
	Closed      bool // a closed loop is as fast as its connections: no rule applies
	Interrupted bool

	Planned, Sent uint64
	// Refusals counts the answers 429 and 503.
	Refusals uint64

	MaxInFlight  int
	InFlightPeak int
	// HeldShare is for which share of the phase hits waited for a worker
	// because all of them were busy.
	HeldShare float64
	// LightService is the median service time seen while fewer than half of
	// the workers were busy, over LightCount answers.
	LightService time.Duration
	LightCount   uint64
	// PeakRatePerS is the highest planned rate, in requests per second.
	PeakRatePerS float64

	// LateLimit is max(the plan's, 10% of the response times' p99); Late counts the
	// requests sent later than that after they were due, and LatePunctual
	// those among them for which a worker was free all along.
	LateLimit          time.Duration
	Late, LatePunctual uint64
	SendDelayP99       time.Duration
	// CPUShare is this process' share of the processors it may use, 0..1;
	// negative when it is not known.
	CPUShare float64
}

// Verdict says whose figures these are.
type Verdict struct {
	// Invalid holds the reasons why they are not the target's.
	Invalid []string
	// Saturated says that the target could not keep up.
	Saturated bool
}

// The rules' thresholds.
const (
	// heldMost is the share of a phase for which hits may wait for a worker
	// without the target being called saturated.
	heldMost = 0.01
	// cpuMost is from which share of its processors on the generator itself is
	// taken for the cause.
	cpuMost = 0.95
)

// lateLimit is rule (a)'s: the send delay that p99 may reach. Up to least it is
// never held against the generator.
func lateLimit(least, responseP99 time.Duration) time.Duration {
	return max(least, responseP99/10)
}

// Judge applies the rules of validity to the phases of a run that count.
//
//	(a) invalid: the generator fell behind. More than 1% of the requests were
//	    sent later than LateLimit although workers were free; with its
//	    processors saturated, busy workers are no excuse. This is asked of all
//	    phases together, as the figures it protects are.
//	(b) invalid: the bound was too small. All workers were busy, and
//	    max_in_flight < planned rate × median service time seen while under
//	    half of them were busy: even a target at ease would have needed more.
//	saturated: all workers were busy for neither reason, or the target said so
//	    itself, with more than 1% of answers 429 or 503.
//
// A single late request is not held against anyone, though among less than a
// hundred it is more than 1%.
func Judge(phases ...Figures) Verdict {
	var v Verdict
	var total, worst Figures
	var late, lost, worstLate uint64
	for _, f := range phases {
		if f.Closed || f.Sent == 0 && f.HeldShare <= heldMost {
			continue
		}
		f.judge(&v)
		total.Planned += f.Planned
		total.Sent += f.Sent
		lost += f.lost()
		late += f.late()
		if f.late() >= worstLate {
			worst, worstLate = f, f.late()
		}
	}
	if late > 1 && late*100 > total.Sent {
		v.Invalid = append(v.Invalid, fmt.Sprintf(
			"the generator fell behind: %d of %d requests were sent late %s; worst in phase %s, where %d came more than %v after they were due (p99 %v). Lower the rate or give it more processor",
			late, total.Sent, worst.excuse(), worst.Phase, worstLate, worst.LateLimit.Round(time.Millisecond), worst.SendDelayP99.Round(10*time.Microsecond)))
	} else if lost > 1 && lost*100 > total.Planned {
		v.Invalid = append(v.Invalid, fmt.Sprintf(
			"the generator fell behind: %d of %d requests were never sent although workers were free. Lower the rate or give it more processor",
			lost, total.Planned))
	}
	return v
}

// judge applies what is asked of each phase on its own.
func (f Figures) judge(v *Verdict) {
	small := false
	if f.busy() && f.LightCount > 0 {
		need := f.PeakRatePerS * f.LightService.Seconds()
		if small = float64(f.MaxInFlight) < need; small {
			v.Invalid = append(v.Invalid, fmt.Sprintf(
				"phase %s: max_in_flight %d is too small: %.4g requests/s at a service time of %v need %.0f; raise --max-in-flight",
				f.Phase, f.MaxInFlight, f.PeakRatePerS, f.LightService.Round(10*time.Microsecond), need))
		}
	}
	if f.busy() && !small && !f.starved() || f.Refusals*100 > f.Sent {
		v.Saturated = true
	}
}

// busy says that hits waited for workers, starved that the generator's
// processors were the limit.
func (f Figures) busy() bool    { return f.HeldShare > heldMost }
func (f Figures) starved() bool { return f.CPUShare >= cpuMost }

// late is how many requests the generator itself was late with.
func (f Figures) late() uint64 {
	if f.starved() {
		return f.Late
	}
	return f.LatePunctual
}

// lost is how many requests it never sent, for no reason but itself.
func (f Figures) lost() uint64 {
	if f.busy() || f.Interrupted {
		return 0
	}
	return f.Planned - min(f.Planned, f.Sent)
}

func (f Figures) excuse() string {
	if f.starved() {
		return fmt.Sprintf("with its processors %.0f%% busy", 100*f.CPUShare)
	}
	return "although workers were free"
}
