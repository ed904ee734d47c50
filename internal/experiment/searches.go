package experiment

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/internal/versus"
	"github.com/spanstorm/spanstorm/results"
)

// search finds the capacity of a target as a part of a round.
func (c *comparison) search(ctx context.Context, t *results.ComparedTarget, dir string) error {
	lab := c.Lab
	lab.Dir, lab.Say = filepath.Join(dir, versus.CapacityDir), nil
	rec, err := Capacity(ctx, CapacityOptions{Lab: lab, Scenario: c.Scenario, Target: t.Target, Set: t.Set, CapacitySettings: c.Search})
	if err == nil && rec.Interrupted {
		err = context.Canceled
	}
	return err
}

// searchesLeast is how many rounds a comparison of capacities goes on without an answer.
const searchesLeast = 3

// searchesFailed says how many searches were of no use, and why the last of them was; empty: none.
func (c *comparison) searchesFailed() string {
	failed, why := 0, ""
	for _, r := range c.runs {
		if r.CapacityWhy != "" {
			failed, why = failed+1, r.CapacityWhy
		}
	}
	if failed == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d searches, the last because %s", failed, len(c.runs), why)
}

// answerable says of a metric that was asked for that no run has it, as soon as that shows.
func (c *comparison) answerable() error {
	whole := c.whole()
	if len(whole) == 0 {
		return nil
	}
	missing := versus.Missing(c.sides(whole, false), c.Metrics)
	if slices.Contains(missing, MetricCapacity) {
		if len(whole) >= searchesLeast {
			return fmt.Errorf("no search of the capacity of one of the targets was of use: %s", c.searchesFailed())
		}
		missing = slices.DeleteFunc(missing, func(name string) bool { return name == MetricCapacity }) // a search may be unlucky
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("the runs have no %s: a quantile that no request of a run lies beyond is none, nor is what cannot be seen of this target; send more, or leave it out of --metric", strings.Join(missing, ", "))
}

// tellOfSearches puts into the record what there is to say of those that were of no use.
func (c *comparison) tellOfSearches() {
	const unlucky = "not every search of a capacity was of use: "
	c.rec.Warnings = slices.DeleteFunc(c.rec.Warnings, func(w string) bool { return strings.HasPrefix(w, unlucky) })
	if failed := c.searchesFailed(); failed != "" {
		c.warn(unlucky + failed + "; --capacity-budget gives them more time")
	}
}
