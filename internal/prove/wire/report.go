package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// costs are the rounds of one size at one rate, in microseconds per request.
type costs struct {
	size                   size
	bytes                  float64 // of a body, mean
	rate                   int
	idle                   time.Duration // CPU of a run that sends nothing, taken off
	spanstorm, vegeta, wrk []float64
}

func (c costs) rateText() string {
	if c.rate == 0 {
		return "saturation"
	}
	return fmt.Sprintf("%d/s", c.rate)
}

func (c costs) last() string {
	n := len(c.spanstorm) - 1
	text := fmt.Sprintf("spanstorm %.1f µs, vegeta %.1f µs", c.spanstorm[n], c.vegeta[n])
	if len(c.wrk) > n {
		text += fmt.Sprintf(", wrk %.1f µs", c.wrk[n])
	}
	return text
}

// report is what was measured.
type report struct {
	p      *prover
	costs  []costs
	delays [][2]delay // spanstorm's and vegeta's
}

// newReport also finds out whether there is a wrk.
func newReport(p *prover) *report {
	if _, err := exec.LookPath(p.wrk); err != nil {
		p.wrk = ""
	}
	return &report{p: p}
}

func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured %s: %d rounds of %d s, %d connections, %s, %s, %d processors (%s).\n\n",
		time.Now().UTC().Format("2006-01-02 15:04 UTC"), r.p.rounds, r.p.seconds, connections,
		runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH, runtime.NumCPU(), processor())
	r.writeCosts(&b)
	r.writeDelays(&b)
	if r.p.wrk == "" {
		b.WriteString("wrk is not installed here, so nothing is said about it.\n")
	}
	return b.String()
}

func (r *report) writeCosts(b *strings.Builder) {
	b.WriteString("CPU of the generator per request:\n\n" +
		"| body | load | spanstorm | vegeta | wrk | ÷ vegeta | at most | ÷ wrk | at most | |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range r.costs {
		cell := func(us []float64) string {
			if len(us) == 0 {
				return "–"
			}
			return fmt.Sprintf("%.1f µs", median(us))
		}
		byVegeta := ratios(c.spanstorm, c.vegeta)
		byWrk := ratios(c.spanstorm, c.wrk)
		most, wrk, verdict := "–", "–", ""
		if c.rate == 0 {
			most, wrk = fmt.Sprintf("%.2f", c.size.most), fmt.Sprintf("%.1f", wrkMost)
			verdict = judge(median(byVegeta) <= c.size.most && (len(byWrk) == 0 || median(byWrk) <= wrkMost))
		}
		fmt.Fprintf(b, "| %.1f KB | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", c.bytes/1e3, c.rateText(),
			cell(c.spanstorm), cell(c.vegeta), cell(c.wrk), interval(byVegeta), most, interval(byWrk), wrk, verdict)
	}
	b.WriteString("\nTaken off, the CPU of a run of spanstorm that sends one request:")
	for _, c := range r.costs {
		if c.rate == 0 {
			fmt.Fprintf(b, " %.2f s (%s)", c.idle.Seconds(), c.size.name)
		}
	}
	b.WriteString(".\n\n")
}

func (r *report) writeDelays(b *strings.Builder) {
	of := func(get func([2]delay) float64) (values []float64) {
		for _, d := range r.delays {
			values = append(values, get(d))
		}
		return values
	}
	fmt.Fprintf(b, "Send delay at %d requests/s, in µs:\n\n| | spanstorm | at most | vegeta | vegeta ÷ spanstorm | at least | |\n|---|---|---|---|---|---|---|\n", delayRate)
	row := func(name string, ours, theirs []float64, most float64) {
		better := ratios(theirs, ours)
		fmt.Fprintf(b, "| %s | %s | %.0f | %s | %s | 10 | %s |\n", name, interval(ours), most, interval(theirs), interval(better),
			judge(median(ours) <= most && median(better) >= 10))
	}
	row("p50", of(func(d [2]delay) float64 { return d[0].p50 }), of(func(d [2]delay) float64 { return d[1].p50 }), 20)
	row("p99", of(func(d [2]delay) float64 { return d[0].p99 }), of(func(d [2]delay) float64 { return d[1].p99 }), 300)
	b.WriteString("\n")
}

func judge(met bool) string {
	if met {
		return "met"
	}
	return "**not met**"
}

// ratios are those of each round: what disturbs a round disturbs both.
func ratios(of, to []float64) []float64 {
	var list []float64
	for i := range min(len(of), len(to)) {
		list = append(list, of[i]/max(to[i], 0.001))
	}
	return list
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func interval(values []float64) string {
	if len(values) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", median(values), slices.Min(values), slices.Max(values))
}

// processor is the name of the processor, as Linux has it.
func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

const beginMark, endMark = "<!-- prove-wire: begin -->\n", "<!-- prove-wire: end -->\n"

// writeInto replaces what stands between the marks of a page.
func writeInto(page, text string) error {
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	head, rest, ok := bytes.Cut(old, []byte(beginMark))
	_, tail, closed := bytes.Cut(rest, []byte(endMark))
	if !ok || !closed {
		return errors.New(page + " has no place for the tables: it lacks the marks prove-wire: begin and end")
	}
	return os.WriteFile(page, slices.Concat(head, []byte(beginMark), []byte("\n"+text), []byte(endMark), tail), 0o644) //nolint:gosec // a page to be read by all
}
