// Wire measures what sending costs: the CPU of the generator per request, of
// `spanstorm run` with payloads that are all different, of the vegeta CLI with
// one static body of the same size, and of wrk with the same; and how late
// requests are sent at a fixed rate.
//
// Every generator loads the same minimal server over loopback and 8 connections,
// one after the other in each of several rounds, generator and server each on a
// processor of its own. Requests are counted by the server. A figure is the
// median of the rounds, with the lowest and the highest beside it: of five
// rounds, these hold the true median with 93.8% (1 − 2·2⁻⁵).
//
// It is run by `make prove-wire`, needs Linux (taskset), and writes its tables
// into docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		fail(serve())
		return
	}
	var p prover
	flag.StringVar(&p.spanstorm, "spanstorm", "bin/spanstorm", "the program to measure")
	flag.StringVar(&p.vegeta, "vegeta", "vegeta", "the vegeta CLI")
	flag.StringVar(&p.wrk, "wrk", "wrk", "wrk; left out where it is not installed")
	flag.IntVar(&p.rounds, "rounds", 5, "rounds")
	flag.IntVar(&p.seconds, "seconds", 8, "how long each generator runs in each round")
	page := flag.String("page", "docs/performance.md", "the page to write the tables into; empty for none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	fail(p.prove(ctx, *page))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "wire:", err)
		os.Exit(1)
	}
}

// size is one size of bodies, as a scenario makes them.
type size struct {
	name     string
	scenario string
	traces   int     // per request
	most     float64 // bar: CPU relative to vegeta's
}

// wrkMost is the bar relative to wrk, for all sizes.
const wrkMost = 1.8

func sizes() []size {
	return []size{
		{"2 KB", "smoke", 2, 0.70},
		{"20 KB", "web-shop", 3, 0.50},
		{"300 KB", "web-shop", 48, 0.55},
	}
}

// prover runs the generators.
type prover struct {
	spanstorm, vegeta, wrk string
	rounds, seconds        int

	scratch string
	server  *server
}

func (p *prover) prove(ctx context.Context, page string) (err error) {
	if p.scratch, err = os.MkdirTemp("", "wire"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(p.scratch)) }()
	if p.server, err = startServer(ctx); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	defer p.server.stop()
	target := fmt.Sprintf("name: minimal\nurl: http://%s\nacceptance: status\n", p.server.addr)
	if err := os.WriteFile(p.file("target.yaml"), []byte(target), 0o600); err != nil {
		return err
	}
	r := newReport(p)
	for _, s := range sizes() {
		bytes, err := p.bodyFile(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		for _, rate := range []int{0, fixedRate} {
			if err := p.cost(ctx, r, s, bytes, rate); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	if err := p.delays(ctx, r); err != nil {
		return fmt.Errorf("send delay: %w", err)
	}
	text := r.markdown()
	fmt.Print(text)
	if page == "" {
		return nil
	}
	return writeInto(page, text)
}

// cost runs the rounds of one size at one rate; rate 0 is as fast as it goes.
func (p *prover) cost(ctx context.Context, r *report, s size, bytes float64, rate int) error {
	idle, err := p.idle(ctx, s)
	if err != nil {
		return err
	}
	c := costs{size: s, bytes: bytes, rate: rate, idle: idle}
	for range p.rounds {
		spanstorm, err := p.runSpanstorm(ctx, s, rate, idle)
		if err != nil {
			return err
		}
		vegeta, err := p.runVegeta(ctx, s, rate)
		if err != nil {
			return err
		}
		c.spanstorm = append(c.spanstorm, spanstorm.perRequestUS())
		c.vegeta = append(c.vegeta, vegeta.perRequestUS())
		if p.wrk != "" && rate == 0 {
			wrk, err := p.runWrk(ctx, s)
			if err != nil {
				return err
			}
			c.wrk = append(c.wrk, wrk.perRequestUS())
		}
		fmt.Fprintf(os.Stderr, "%s at %s: %s\n", s.name, c.rateText(), c.last())
	}
	r.costs = append(r.costs, c)
	return nil
}

// delays runs the rounds at delayRate, on all processors.
func (p *prover) delays(ctx context.Context, r *report) error {
	s := sizes()[0]
	for range p.rounds {
		ours, err := p.delaySpanstorm(ctx, s)
		if err != nil {
			return err
		}
		theirs, err := p.delayVegeta(ctx, s)
		if err != nil {
			return err
		}
		r.delays = append(r.delays, [2]delay{ours, theirs})
		fmt.Fprintf(os.Stderr, "send delay: spanstorm %v, vegeta %v\n", ours, theirs)
	}
	return nil
}

func (p *prover) file(name string) string { return filepath.Join(p.scratch, name) }
