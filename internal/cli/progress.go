package cli

import (
	"fmt"
	"time"

	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/results"
)

// progress returns what prints a run's progress to stderr, or nil for none.
// On a terminal one line is written over and over; elsewhere a line is written
// every few seconds, so that a log stays readable.
func (a *app) progress(mode string) (func(run.Progress), error) {
	live := false
	switch mode {
	case "none":
		return nil, nil
	case "plain":
	case "auto":
		live = terminal(a.err)
	default:
		return nil, usageError("--progress %q is not known; it is auto, plain or none", mode)
	}
	const every = 5 * time.Second
	var last time.Time
	var stage string
	return func(p run.Progress) {
		if live {
			end := ""
			if p.Last {
				end = "\n"
			}
			_, _ = fmt.Fprintf(a.err, "\r\x1b[K%s%s", progressLine(p), end)
			return
		}
		if p.Stage == stage && !p.Last && time.Since(last) < every {
			return
		}
		last, stage = time.Now(), p.Stage
		_, _ = fmt.Fprintln(a.err, progressLine(p))
	}, nil
}

func progressLine(p run.Progress) string {
	line := fmt.Sprintf("%5s/%s  %-10s  sent %s  delivered %s  accepted %s traces",
		p.Elapsed.Round(time.Second), p.Total.Round(time.Second), p.Stage,
		results.FormatCount(p.Sent), results.FormatCount(p.Delivered), results.FormatCount(p.Accepted))
	if p.Refused > 0 {
		line += "  refused " + results.FormatCount(p.Refused)
	}
	if p.Errors > 0 {
		line += "  errors " + results.FormatCount(p.Errors)
	}
	if p.P99 > 0 {
		line += "  p99 " + results.FormatDuration(float64(p.P99))
	}
	return line
}
