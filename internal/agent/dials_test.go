package agent

import (
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
)

func TestParseDials(t *testing.T) {
	tests := map[string]Dials{
		"":         {},
		"drop=10%": {Drop: 0.1},
		"drop=0.1,stall=3s+1s,latency=5ms±1ms": {
			Drop: 0.1, Stalls: []Stall{{3 * time.Second, time.Second}}, Latency: Latency{5 * time.Millisecond, time.Millisecond},
		},
		"stall=1s+1s;5s+500ms,stall=9s+1s": {Stalls: []Stall{{time.Second, time.Second}, {5 * time.Second, 500 * time.Millisecond}, {9 * time.Second, time.Second}}},
		"latency = 5ms , error=1%":         {Latency: Latency{Mean: 5 * time.Millisecond}, Error: 0.01},
		"capacity=1500/s,knee=800/s:2x":    {Capacity: 1500, Knee: Knee{800, 2}},
		"reset=1%,seed=9":                  {Reset: 0.01, Seed: 9},
		"listen=unix:///run/apm.socket":    {Listen: "unix:///run/apm.socket"},
		"intake=http://127.0.0.1:9126":     {Intake: "http://127.0.0.1:9126"},
		"slow=10%,cpu_per_span=+3%":        {Slow: 0.1, CPUPerSpan: 0.03},
		"slow=+1000%,cpu_per_span=0":       {Slow: 10},
		"apis=v1.0+v0.3":                   {APIs: []decode.API{decode.V10, decode.V03}},
	}
	for text, want := range tests {
		got, err := ParseDials(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestParseDialsSaysWhatIsWrong(t *testing.T) {
	tests := map[string]string{
		"dorp=10%":           "the dials are listen=",
		"drop":               "NAME=VALUE",
		"drop=110%":          "try drop=10%",
		"drop=-1%":           "not a share",
		"drop=NaN":           "not a share",
		"drop=1%,drop=2%":    "set twice",
		"latency=fast":       `"fast" is not a duration`,
		"latency=-5ms":       "between 0 and",
		"latency=5ms±2h":     "between 0 and",
		"stall=3s":           "not AT+FOR",
		"stall=3s+0s":        "lasts no time",
		"stall=3s+1s;x+1s":   `"x" is not a duration`,
		"capacity=0/s":       "not a rate",
		"capacity=Inf":       "not a rate",
		"knee=800/s":         "not RATE:FACTOR",
		"knee=800/s:0.5x":    "not a factor",
		"slow=-1%":           "not between 0% and 1000%; try slow=10%",
		"cpu_per_span=1001%": "not between 0% and 1000%; try cpu_per_span=+3%",
		"cpu_per_span=NaN":   "not between 0%",
		"seed=0":             "at least 1",
		"listen=8126":        "not HOST:PORT",
		"listen=unix://here": "absolute",
		"intake=here":        "not the URL",
		",":                  "NAME=VALUE",
		"apis=v0.4+v0.6":     "there are v0.3+v0.4+v0.5+v0.7+v1.0",
		"apis=v0.4+v0.4":     "twice",
		"apis=":              "try apis=v0.3+v0.4",
	}
	for text, want := range tests {
		_, err := ParseDials(text)
		if !errors.Is(err, ErrDial) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q in it", text, err, want)
		}
	}
}

func drawDials(t *rapid.T) Dials {
	share := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 1))
	duration := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, int64(longest)).Draw(t, "ns"))
	})
	d := Dials{
		Listen:  rapid.SampledFrom([]string{"", "127.0.0.1:0", "unix:///a/b"}).Draw(t, "listen"),
		Intake:  rapid.SampledFrom([]string{"", "http://h:1"}).Draw(t, "intake"),
		Latency: Latency{duration.Draw(t, "mean"), duration.Draw(t, "deviation")},
		Error:   share.Draw(t, "error"), Drop: share.Draw(t, "drop"), Reset: share.Draw(t, "reset"),
		Seed: rapid.Uint64().Draw(t, "seed"),
	}
	d.APIs = rapid.SliceOfNDistinct(rapid.SampledFrom(decode.APIs()), -1, -1, rapid.ID).Draw(t, "apis")
	if len(d.APIs) == 0 {
		d.APIs = nil
	}
	for range rapid.IntRange(0, 3).Draw(t, "stalls") {
		d.Stalls = append(d.Stalls, Stall{duration.Draw(t, "at"), 1 + duration.Draw(t, "for")/2})
	}
	if rapid.Bool().Draw(t, "capacity?") {
		d.Capacity = rapid.Float64Range(0.001, fastest).Draw(t, "capacity")
	}
	more := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, dearest))
	d.Slow, d.CPUPerSpan = more.Draw(t, "slow"), more.Draw(t, "cpu_per_span")
	if rapid.Bool().Draw(t, "knee?") {
		d.Knee = Knee{rapid.Float64Range(0.001, fastest).Draw(t, "knee"), rapid.Float64Range(1, steepest).Draw(t, "factor")}
	}
	return d
}

func TestDialsSurviveBothForms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawDials(t)
		short, err := ParseDials(want.String())
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		var flagged Dials
		flags := pflag.NewFlagSet("agent", pflag.ContinueOnError)
		flagged.AddFlags(flags)
		if err := flags.Parse(want.Args()); err != nil {
			t.Fatalf("%v: %v", want.Args(), err)
		}
		for _, got := range []Dials{short, flagged} {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", want, diff)
			}
		}
	})
}

func TestFlagsRepeatAndRefuse(t *testing.T) {
	var d Dials
	flags := pflag.NewFlagSet("agent", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	d.AddFlags(flags)
	if err := flags.Parse([]string{"--stall", "1s+1s", "--stall=5s+1s", "--drop", "5%"}); err != nil {
		t.Fatal(err)
	}
	if len(d.Stalls) != 2 || d.Drop != 0.05 {
		t.Errorf("%+v", d)
	}
	if err := flags.Parse([]string{"--drop", "lots"}); err == nil || !strings.Contains(err.Error(), "try drop=10%") {
		t.Errorf("got %v", err)
	}
	if flags.FlagUsages() == "" {
		t.Error("no usage")
	}
}

func FuzzParseDials(f *testing.F) {
	for _, d := range dialTable() {
		f.Add(d.name + "=" + d.example)
	}
	f.Add("stall=1s+1s;2s+1s,drop=1e-3")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDials(text)
		if err != nil {
			return
		}
		again, err := ParseDials(d.String())
		if err != nil {
			t.Fatalf("%q became %q: %v", text, d, err)
		}
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestKneeFormula(t *testing.T) {
	k := Knee{PerS: 800, Factor: 2}
	for rate, want := range map[float64]time.Duration{
		0: 10 * time.Millisecond, 800: 10 * time.Millisecond, 1600: 20 * time.Millisecond, 2400: 40 * time.Millisecond,
		1e9: longest,
	} {
		if got := k.latency(10*time.Millisecond, rate); got != want {
			t.Errorf("at %v/s: %v, want %v", rate, got, want)
		}
	}
	if got := k.latency(0, 1600); got != 2*kneeLatency {
		t.Errorf("without a latency: %v", got)
	}
	if got := (Knee{}).latency(time.Second, 1e6); got != time.Second {
		t.Errorf("no knee: %v", got)
	}
}

func TestLatencyIsNormalAndCut(t *testing.T) {
	tr := newTrouble(Dials{Latency: Latency{5 * time.Millisecond, time.Millisecond}})
	const n = 20_000
	var sum, squares float64
	for i := range uint64(n) {
		x := float64(tr.latency(i)) / 1e6
		sum += x
		squares += x * x
	}
	mean := sum / n
	deviation := math.Sqrt(squares/n - mean*mean)
	if math.Abs(mean-5) > 0.05 || math.Abs(deviation-1) > 0.05 {
		t.Errorf("%v ms ± %v ms", mean, deviation)
	}
	cut := newTrouble(Dials{Latency: Latency{time.Millisecond, 10 * time.Millisecond}})
	for i := range uint64(1000) {
		if cut.latency(i) < 0 {
			t.Fatal("negative")
		}
	}
}

func TestDiceAreSeededAndKeepTheirShare(t *testing.T) {
	hits := func(d Dials) (out []uint64) {
		tr := newTrouble(d)
		for i := range uint64(10_000) {
			if tr.drops(i) {
				out = append(out, i)
			}
		}
		return out
	}
	one, same, other := hits(Dials{Drop: 0.1}), hits(Dials{Drop: 0.1, Seed: 1}), hits(Dials{Drop: 0.1, Seed: 2})
	if !slices.Equal(one, same) {
		t.Error("the default seed is not 1")
	}
	if slices.Equal(one, other) {
		t.Error("the seed has no effect")
	}
	for _, h := range [][]uint64{one, other} {
		if n := len(h); math.Abs(float64(n)-1000) > 5*30 {
			t.Errorf("%d of 10,000", n)
		}
	}
	if n := len(hits(Dials{})); n != 0 {
		t.Errorf("%d without a dial", n)
	}
	if n := len(hits(Dials{Drop: 1})); n != 10_000 {
		t.Errorf("%d of all", n)
	}
}

func TestStalledUntil(t *testing.T) {
	tr := newTrouble(Dials{Stalls: []Stall{{3 * time.Second, time.Second}, {3500 * time.Millisecond, time.Second}}})
	for since, want := range map[time.Duration]time.Duration{
		0: 0, 3*time.Second - 1: 0, 3 * time.Second: time.Second, 3600 * time.Millisecond: 900 * time.Millisecond,
		4500 * time.Millisecond: 0,
	} {
		if got := tr.stalled(since); got != want {
			t.Errorf("at %v: %v left, want %v", since, got, want)
		}
	}
}

func TestBucketLetsItsRateThrough(t *testing.T) {
	b := newBucket(1000)
	at, through := time.Unix(0, 0), 0
	for range 50_000 { // 5,000/s for 10 s
		if b.take(at) {
			through++
		}
		at = at.Add(200 * time.Microsecond)
	}
	if through < 10_000 || through > 10_000+51 {
		t.Errorf("%d of 10,000 and a burst of 50", through)
	}
	slow := newBucket(20)
	through = 0
	for range 1000 { // 50/s for 20 s
		if slow.take(at) {
			through++
		}
		at = at.Add(20 * time.Millisecond)
	}
	if through < 400 || through > 402 {
		t.Errorf("%d of 400 and a burst of 2", through)
	}
	if free := newBucket(0); !free.take(at) {
		t.Error("no capacity means any")
	}
}

func TestMeterMeasuresTheLastSecond(t *testing.T) {
	var m meter
	at := time.Unix(100, 0)
	run := func(perS int, length time.Duration) {
		for end := at.Add(length); at.Before(end); at = at.Add(time.Second / time.Duration(perS)) {
			m.tick(at)
		}
	}
	run(500, 3*time.Second)
	if got := m.perSAt(at); math.Abs(got-500) > 5 {
		t.Errorf("%v/s, want 500", got)
	}
	run(2000, 2*time.Second)
	if got := m.perSAt(at); math.Abs(got-2000) > 20 {
		t.Errorf("%v/s, want 2000", got)
	}
	if got := m.perSAt(at.Add(time.Hour)); got != 0 {
		t.Errorf("%v/s after an hour of silence", got)
	}
}
