// Bugs runs each bundled scenario of a published problem (bugs/…) on each agent that is
// built here and on the embedded one, and writes down who has which.
//
// An agent has a problem if an expectation of its scenario is not met there, or if
// it died of it. Each scenario has to tell agents apart: one at least has the problem,
// and one at least has not, unless it is a guard; else the program fails, once all is written.
//
// It is run by `make bugs`, takes about a quarter of a minute per scenario and agent,
// and writes docs/bugs.md. What it has run is kept in a folder: called again, it runs
// what is new, or has changed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/spanstorm/spanstorm/scenarios"
)

func main() {
	var p prover
	var only string
	flag.StringVar(&p.spanstorm, "spanstorm", "bin/spanstorm", "the program")
	flag.StringVar(&p.folder, "folder", "bin/prove/bugs", "where what was run is kept")
	flag.StringVar(&only, "only", "", "run one scenario only, such as zero-trace-id, and write no page")
	flag.IntVar(&p.parallel, "parallel", 2, "how many agents are loaded at a time: none of the loads takes much of a processor")
	flag.IntVar(&p.tries, "tries", 3, "how often a run is tried that tells nothing, as when the machine was busy")
	flag.BoolVar(&p.again, "again", false, "run all once more")
	page := flag.String("page", "docs/bugs.md", "the page to write")
	flag.Parse()
	if only != "" {
		*page = ""
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := p.prove(ctx, only, append([]string{"embedded"}, flag.Args()...), *page)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bugs:", err)
		os.Exit(1)
	}
}

// prove runs what is to be run and writes the page.
func (p *prover) prove(ctx context.Context, only string, targets []string, page string) error {
	var rows []row
	for _, bug := range scenarios.Bugs() {
		if only != "" && bug.Name != "bugs/"+only {
			continue
		}
		r, err := p.row(ctx, bug, targets)
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		return fmt.Errorf("there is no scenario bugs/%s", only)
	}
	if page != "" {
		text, err := markdown(rows)
		if err != nil {
			return err
		}
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil { //nolint:gosec // a page to be read by all
			return err
		}
	}
	return tellApart(rows)
}

// row runs a scenario on all targets, several at a time; and once more, one by one,
// what told nothing because they were in each other's way.
func (p *prover) row(ctx context.Context, bug scenarios.Bundled, targets []string) (row, error) {
	r := row{bug: bug, cells: make([]cell, len(targets))}
	together, ctx := errgroup.WithContext(ctx)
	together.SetLimit(p.parallel)
	run := func(i int) (err error) {
		if r.cells[i], err = p.cell(ctx, bug, targets[i]); err != nil {
			return fmt.Errorf("%s on %s: %w", bug.Name, targets[i], err)
		}
		return nil
	}
	for i := range targets {
		together.Go(func() error { return run(i) })
	}
	if err := together.Wait(); err != nil {
		return r, err
	}
	for i, target := range targets {
		for tries := 1; r.cells[i].Verdict == unclear && tries < p.tries; tries++ {
			if err := run(i); err != nil {
				return r, err
			}
		}
		fmt.Fprintf(os.Stderr, "%-24s %-30s %s\n", bug.Name, target, r.cells[i].sentence())
	}
	return r, nil
}

// tellApart holds that each problem is had by one agent, and not by another. Of what
// is a guard, against a problem that agents had once, the latter is enough.
func tellApart(rows []row) error {
	var odd []string
	for _, r := range rows {
		for verdict, missing := range map[verdict]string{has: "no agent has it", hasNot: "no agent is without it"} {
			if !r.any(verdict) && (verdict == hasNot || !r.guard()) {
				odd = append(odd, r.bug.Name+": "+missing)
			}
		}
	}
	if len(odd) > 0 {
		return fmt.Errorf("what tells no agents apart: %s", strings.Join(odd, "; "))
	}
	return nil
}
