package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/report"
	"github.com/spanstorm/spanstorm/results"
)

func (a *app) reportCmd() *cobra.Command {
	var format, junit, out string
	cmd := &cobra.Command{
		Use:   "report RECORD…",
		Short: "Print and draw records that are on disk",
		Long: `Report reads records (a run's folder, or its record.json), prints them, and with
--out writes charts and the HTML page anew. It loads nothing.`,
		Example: `  spanstorm report results/20261121T101500Z-web-shop
  spanstorm report results/2* --format markdown --junit junit.xml`,
		Args: needs(1, -1, "records: folders that a run left, as under results/"),
		RunE: func(_ *cobra.Command, args []string) error {
			show, err := printer(format)
			if err != nil {
				return err
			}
			var records []*results.Record
			var names []string
			var broken error
			for _, arg := range args {
				rec, err := results.Read(arg)
				if err != nil { // the others can still be looked at
					broken = errors.Join(broken, err)
					continue
				}
				records, names = append(records, rec), append(names, arg)
			}
			if len(records) == 0 {
				return broken
			}
			return errors.Join(a.report(records, names, format, show, junit, out), broken)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&format, "format", "table", "what to print: table, json (record.json; of several records, an array) or markdown")
	flags.StringVar(&junit, "junit", "", "also write expectations and validity as JUnit XML to this file")
	flags.StringVar(&out, "out", "", "write charts and the HTML page of each record into this folder")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"table", "json", "markdown"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (a *app) report(records []*results.Record, names []string, format string, show func(*app, *results.Record, string) error, junit, out string) error {
	switch {
	case format == "markdown": // one document over all of them
		if err := report.Markdown(a.out, records...); err != nil {
			return err
		}
	case format == "json" && len(records) > 1: // likewise
		text, err := json.MarshalIndent(records, "", "  ")
		if err != nil {
			return fmt.Errorf("writing %d records: %w", len(records), err)
		}
		if _, err := fmt.Fprintf(a.out, "%s\n", text); err != nil {
			return err
		}
	default:
		for i, rec := range records {
			if err := show(a, rec, names[i]); err != nil {
				return err
			}
		}
	}
	if junit != "" {
		if err := writeTo(junit, func(w io.Writer) error { return report.JUnit(w, records...) }); err != nil {
			return err
		}
	}
	if out == "" {
		return nil
	}
	for i, rec := range records {
		dir := out
		if len(records) > 1 {
			dir = filepath.Join(out, filepath.Base(filepath.Clean(names[i])))
		}
		if err := redraw(dir, rec); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(a.err, "page: %s\n", filepath.Join(dir, report.PageName))
	}
	return nil
}

// redraw writes charts and page into dir: a record's own folder, or a new one,
// which then becomes a copy of the record.
func redraw(dir string, rec *results.Record) error {
	if _, err := os.Stat(filepath.Join(dir, "record.json")); err != nil {
		w, err := results.Create(dir)
		if err != nil {
			return err
		}
		if err := w.Save(rec); err != nil {
			return err
		}
	}
	_, err := report.Write(dir, rec)
	return err
}

// writeTo writes a file and reports an error of closing it too: that is where
// a full disk may show.
func writeTo(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close()
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
