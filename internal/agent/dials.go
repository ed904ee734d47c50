package agent

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
)

// Dials say where an embedded agent listens and forwards to, and what trouble
// it makes. The zero value makes none, listens on DefaultListen, and forwards
// nowhere: what it would forward is counted and gone.
type Dials struct {
	// Listen is host:port, or unix:///path of a socket to create.
	Listen string
	// Intake is the base URL that traces are forwarded to.
	Intake string
	// APIs are the versions of the trace API that are taken; none means all. The
	// others are not announced, and answered 404.
	APIs []decode.API
	// Latency is added to every answer to traces.
	Latency Latency
	// Stalls are times in which the agent looks at no request that comes.
	Stalls []Stall
	// Error, Drop and Reset are shares of requests answered 500, of traces
	// dropped silently after a 200, and of requests whose connection is reset
	// instead of an answer.
	Error, Drop, Reset float64
	// Capacity is how many requests a second are taken; beyond it: 429. 0: any number.
	Capacity float64
	// Knee is the rate past which answers take longer.
	Knee Knee
	// Slow is how much longer each request that is taken lasts, as a share of what it
	// would last, from when it came until its answer is written: 0.1 is 10% longer.
	Slow float64
	// CPUPerSpan is how much more CPU time the agent uses for the same spans, as a
	// share of what it would use: 0.03 is 3% more. Linux and macOS only.
	CPUPerSpan float64
	// Seed decides the dice; default 1.
	Seed uint64
	// AwaitClock keeps the agent out of trouble until its clock is wound, so
	// that what comes before a load (a health check, a first trace) passes. It
	// is no dial: whoever starts the agent for a load sets it.
	AwaitClock bool
}

// DefaultListen is where trace agents listen.
const DefaultListen = "127.0.0.1:8126"

// Latency is a normal distribution, cut at 0.
type Latency struct{ Mean, Deviation time.Duration }

// Stall is a time in which requests that come wait for its end before anything
// of them is read. Requests that came before are answered all the same.
type Stall struct {
	At  time.Duration // since the load began
	For time.Duration
}

// Knee makes the latency of a request rise with the rate r of requests:
//
//	latency · Factor^(r/PerS − 1)   past PerS, so Factor times as long at twice the rate
//
// with 1 ms where no latency is dialled. The zero Knee has no effect.
type Knee struct {
	PerS   float64
	Factor float64
}

// kneeLatency stands in for the latency that a knee multiplies.
const kneeLatency = time.Millisecond

// Bounds on dials.
const (
	longest  = time.Hour // latency, stalls
	fastest  = 1e9       // requests per second
	steepest = 1e6       // factor of a knee
	dearest  = 10        // slow, cpu_per_span
)

// A dial reads and writes one field of Dials; the same table serves flags and
// the short form.
type dial struct {
	name, example, usage string
	set                  func(*Dials, string) error
	get                  func(*Dials) string // "" at its default
}

func dialTable() []dial {
	return []dial{
		{
			"listen", "127.0.0.1:8126", "where to listen, HOST:PORT or unix:///PATH (default " + DefaultListen + ")",
			func(d *Dials, v string) error { d.Listen = v; return checkListen(v) },
			func(d *Dials) string { return d.Listen },
		},
		{
			"intake", "http://127.0.0.1:9126", "base URL to forward traces to",
			func(d *Dials, v string) error { d.Intake = v; return checkIntake(v) },
			func(d *Dials) string { return d.Intake },
		},
		{
			"apis", "v0.3+v0.4", "versions of the trace API to take, joined by + (default all of them)",
			func(d *Dials, v string) (err error) { d.APIs, err = parseAPIs(v); return err },
			func(d *Dials) string { return formatAPIs(d.APIs) },
		},
		{
			"latency", "5ms±1ms", "added to each answer: a duration, or MEAN±DEVIATION",
			func(d *Dials, v string) (err error) { d.Latency, err = parseLatency(v); return err },
			func(d *Dials) string { return d.Latency.String() },
		},
		{
			"stall", "3s+1s", "stand still AT+FOR after the load began; several with ;",
			func(d *Dials, v string) error { return d.addStalls(v) },
			func(d *Dials) string { return formatStalls(d.Stalls) },
		},
		shareDial("error", "1%", "share of requests answered 500", func(d *Dials) *float64 { return &d.Error }),
		shareDial("drop", "10%", "share of traces dropped silently after a 200", func(d *Dials) *float64 { return &d.Drop }),
		shareDial("reset", "1%", "share of requests whose connection is reset instead of an answer", func(d *Dials) *float64 { return &d.Reset }),
		{
			"capacity", "1500/s", "requests taken per second; 429 beyond",
			func(d *Dials, v string) (err error) { d.Capacity, err = parseRate(v); return err },
			func(d *Dials) string { return formatRate(d.Capacity) },
		},
		{
			"knee", "800/s:2x", "rate past which answers take longer, by this factor at twice the rate",
			func(d *Dials, v string) (err error) { d.Knee, err = parseKnee(v); return err },
			func(d *Dials) string { return d.Knee.String() },
		},
		moreDial("slow", "10%", "how much longer each request that is taken lasts, such as 10%", func(d *Dials) *float64 { return &d.Slow }),
		moreDial("cpu_per_span", "+3%", "how much more CPU time the same spans take, such as +3%", func(d *Dials) *float64 { return &d.CPUPerSpan }),
		{
			"seed", "1", "seed of the dice (default 1)",
			func(d *Dials, v string) (err error) { d.Seed, err = parseSeed(v); return err },
			func(d *Dials) string { return formatSeed(d.Seed) },
		},
	}
}

func shareDial(name, example, usage string, field func(*Dials) *float64) dial {
	return dial{
		name, example, usage,
		func(d *Dials, v string) (err error) { *field(d), err = parseShare(v); return err },
		func(d *Dials) string { return formatShare(*field(d)) },
	}
}

func moreDial(name, example, usage string, field func(*Dials) *float64) dial {
	return dial{
		name, example, usage,
		func(d *Dials, v string) (err error) { *field(d), err = parseMore(v); return err },
		func(d *Dials) string { return formatShare(*field(d)) },
	}
}

// ErrDial is wrapped by every error about a dial.
var ErrDial = errors.New("invalid dial")

// ParseDials reads the short form: `drop=10%,stall=3s+1s,latency=5ms±1ms`. The
// empty string is the zero Dials. The error names the dial, and lists all
// there are when it is not known.
func ParseDials(text string) (Dials, error) {
	var d Dials
	if strings.TrimSpace(text) == "" {
		return d, nil
	}
	table := dialTable()
	set := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		if !ok {
			return Dials{}, fmt.Errorf("%w %q: write NAME=VALUE; the dials are %s", ErrDial, part, known(table))
		}
		i := slices.IndexFunc(table, func(t dial) bool { return t.name == name })
		if i < 0 {
			return Dials{}, fmt.Errorf("%w %q: there is none of that name; the dials are %s", ErrDial, name, known(table))
		}
		if set[name] && name != "stall" {
			return Dials{}, fmt.Errorf("%w %q: it is set twice", ErrDial, name)
		}
		set[name] = true
		if err := table[i].apply(&d, value); err != nil {
			return Dials{}, err
		}
	}
	return d, nil
}

// With is the dials with some set otherwise: each NAME=VALUE takes the place of
// whatever was dialled by that name. Of equal names the last one counts, but for
// stalls, which add up.
func (d Dials) With(assignments []string) (Dials, error) {
	table := dialTable()
	byName := map[string]dial{}
	for _, t := range table {
		byName[t.name] = t
	}
	set := map[string]bool{}
	for _, a := range assignments {
		name, _, ok := strings.Cut(a, "=")
		if _, there := byName[name]; !ok || !there {
			return Dials{}, fmt.Errorf("%w %q: write NAME=VALUE; the dials are %s", ErrDial, a, known(table))
		}
		set[name] = true
	}
	out := Dials{AwaitClock: d.AwaitClock}
	for _, t := range table {
		if v := t.get(&d); v != "" && !set[t.name] {
			if err := t.apply(&out, v); err != nil {
				return Dials{}, err
			}
		}
	}
	for _, a := range assignments {
		name, value, _ := strings.Cut(a, "=")
		if err := byName[name].apply(&out, value); err != nil {
			return Dials{}, err
		}
	}
	return out, nil
}

// DialNames are the names of all dials.
func DialNames() []string {
	var names []string
	for _, t := range dialTable() {
		names = append(names, t.name)
	}
	return names
}

func (t dial) apply(d *Dials, value string) error {
	if err := t.set(d, strings.TrimSpace(value)); err != nil {
		return fmt.Errorf("%w %s=%s: %w; try %s=%s", ErrDial, t.name, value, err, t.name, t.example)
	}
	return nil
}

func known(table []dial) string {
	var names []string
	for _, t := range table {
		names = append(names, t.name+"="+t.example)
	}
	return strings.Join(names, ", ")
}

// String is the short form; ParseDials reads it back.
func (d Dials) String() string {
	var parts []string
	for _, t := range dialTable() {
		if v := t.get(&d); v != "" {
			parts = append(parts, t.name+"="+v)
		}
	}
	return strings.Join(parts, ",")
}

// Args are the flags of `spanstorm agent` that give these dials; those at
// their default are left out.
func (d Dials) Args() []string {
	args := []string{}
	for _, t := range dialTable() {
		if v := t.get(&d); v != "" {
			args = append(args, "--"+t.name, v)
		}
	}
	if d.AwaitClock {
		args = append(args, "--"+awaitClock)
	}
	return args
}

// AddFlags adds a flag for each dial.
func (d *Dials) AddFlags(flags *pflag.FlagSet) {
	for _, t := range dialTable() {
		flags.Var(&dialFlag{d, t}, t.name, t.usage)
	}
	flags.BoolVar(&d.AwaitClock, awaitClock, false, "no trouble before POST "+pathClock)
	_ = flags.MarkHidden(awaitClock) // it is defined: one line above
}

const awaitClock = "await-clock"

// dialFlag is a dial as a flag.
type dialFlag struct {
	dials *Dials
	dial  dial
}

func (f *dialFlag) Set(v string) error { return f.dial.apply(f.dials, v) }
func (f *dialFlag) Type() string       { return "value" }

func (f *dialFlag) String() string {
	if f.dials == nil { // pflag asks a zero value for its default
		return ""
	}
	return f.dial.get(f.dials)
}

func (d Dials) listen() string {
	if d.Listen == "" {
		return DefaultListen
	}
	return d.Listen
}

func (d Dials) apis() []decode.API {
	if len(d.APIs) == 0 {
		return decode.APIs()
	}
	return d.APIs
}

func (d Dials) seed() uint64 {
	if d.Seed == 0 {
		return 1
	}
	return d.Seed
}

func parseSeed(v string) (uint64, error) {
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil || n == 0 {
		return 0, errors.New("not a whole number of at least 1")
	}
	return n, nil
}

func formatSeed(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}
