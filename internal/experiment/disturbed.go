package experiment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// disturbed counts the runs of a procedure whose machine was not there for them alone.
type disturbed struct {
	runs, of   int
	worst      string
	worstShare float64
}

func (d *disturbed) add(rec *results.Record) {
	d.of++
	said, share := rec.Resources.Disturbance()
	if said == "" {
		return
	}
	d.runs++
	if share >= d.worstShare {
		d.worst, d.worstShare = said, share
	}
}

const disturbedText = "runs had their machine not for themselves alone"

// warn puts into a record what there is to say, in place of what was said before.
func (d *disturbed) warn(rec *results.Record) {
	rec.Warnings = slices.DeleteFunc(rec.Warnings, func(w string) bool { return strings.Contains(w, disturbedText) })
	if d.runs > 0 {
		rec.Warnings = append(rec.Warnings, fmt.Sprintf("%d of %d %s, which widens intervals; the worst: %s", d.runs, d.of, disturbedText, d.worst))
	}
}
