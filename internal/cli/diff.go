package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/internal/experiment"
	"github.com/spanstorm/spanstorm/report"
	"github.com/spanstorm/spanstorm/results"
)

func (a *app) diffCmd() *cobra.Command {
	var format, junit, out string
	var minEffect float64
	var failOn, metrics []string
	var force bool
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Compare records that are on disk",
		Long: `Diff gives the verdicts of compare from records: each argument is one record, or a
folder that holds several. Records of one comparison are compared round by round,
others as two heaps. One record a side has no spread to judge by: its figures and
behaviour are shown, and metrics stay undecided.

Records of other scenarios, payloads or machines are refused, unless --force is given.`,
		Example: `  spanstorm diff results/20261121T101500Z-web-shop-compare/a results/20261121T101500Z-web-shop-compare/b
  spanstorm diff yesterday today --fail-on worse --format markdown --junit junit.xml`,
		Args: needs(2, 2, "two records, or folders of records: OLD and NEW"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("min-effect") {
				minEffect = 0 // that of the comparison, if there was one
			}
			show, err := printer(format)
			if err != nil {
				return err
			}
			fails, err := failing(failOn)
			if err != nil {
				return err
			}
			if err := checkMetrics(metrics); err != nil {
				return err
			}
			rec, err := experiment.Diff(experiment.DiffOptions{Old: args[0], New: args[1], MinEffect: minEffect, Metrics: metrics, Force: force})
			if err != nil {
				if _, ok := errors.AsType[*experiment.NotComparableError](err); ok {
					return &codeError{code: exitUsage, err: err}
				}
				return err
			}
			if err := a.diff(rec, show, junit, out); err != nil {
				return err
			}
			if fails(rec.Comparison) {
				return &codeError{code: exitUnmet}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&format, "format", "table", "what to print: table, json (a record with the comparison) or markdown")
	flags.StringVar(&junit, "junit", "", "also write the verdicts as JUnit XML to this file")
	flags.StringVar(&out, "out", "", "also write a record with the comparison, its charts and its page, into this folder")
	minEffectFlag(cmd, &minEffect)
	flags.BoolVar(&force, "force", false, "compare what is not comparable")
	metricFlag(cmd, &metrics)
	failOnFlag(cmd, &failOn)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"table", "json", "markdown"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// diff prints a comparison, and writes it where that was asked for.
func (a *app) diff(rec *results.Record, show func(*app, *results.Record, string) error, junit, out string) error {
	if err := show(a, rec, out); err != nil {
		return err
	}
	if junit != "" {
		if err := writeTo(junit, func(w io.Writer) error { return report.JUnit(w, rec) }); err != nil {
			return err
		}
	}
	if out == "" {
		return nil
	}
	if err := redraw(out, rec); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(a.err, "page: %s\n", filepath.Join(out, report.PageName))
	return nil
}
