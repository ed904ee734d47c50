package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter/tw"
	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/internal/fault"
)

func (a *app) faultsCmd() *cobra.Command {
	format := "table"
	cmd := &cobra.Command{
		Use:   "faults",
		Short: "List the kinds of faults, and what to expect of them",
		Long: `Faults lists what a scenario's faults can malform on purpose, and what the
documented or measured behaviour of the Datadog trace agent v0.85.1 is.`,
		Example: "  spanstorm scenarios faults\n  spanstorm scenarios faults --format json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			switch format {
			case "table":
				return a.faultTables()
			case "json":
				return a.faultJSON()
			}
			return usageError("--format %q is not known; use table or json", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "what to print: table or json")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// shareOf is what a fault's share is a share of.
func shareOf(l fault.Level) string {
	if l == fault.Span {
		return "traces"
	}
	return "requests"
}

func (a *app) faultTables() error {
	for i, level := range []fault.Level{fault.Span, fault.Body, fault.Framing} {
		if i > 0 {
			if _, err := fmt.Fprintln(a.out); err != nil {
				return fmt.Errorf("listing the faults: %w", err)
			}
		}
		table := newTable(a.out, tw.AlignLeft)
		table.Header(fmt.Sprintf("%s fault, a share of %s", level, shareOf(level)), "what is wrong", "expected", "takes", "not in")
		for _, k := range fault.Kinds() {
			if k.Level != level {
				continue
			}
			if err := table.Append(k.Name, k.Doc, strings.Join(k.Expected(), " or "), strings.Join(k.Takes, " or "), strings.Join(k.Not, ", ")); err != nil {
				return fmt.Errorf("listing the faults: %w", err)
			}
		}
		if err := table.Render(); err != nil {
			return fmt.Errorf("listing the faults: %w", err)
		}
	}
	return nil
}

func (a *app) faultJSON() error {
	type row struct {
		Kind     string          `json:"kind"`
		Level    string          `json:"level"`
		ShareOf  string          `json:"share_of"`
		Doc      string          `json:"doc"`
		Expected []fault.Outcome `json:"expected"`
		Codes    []int           `json:"codes,omitempty"`
		Source   string          `json:"source"`
		Takes    []string        `json:"takes,omitempty"`
		NotIn    []string        `json:"not_in,omitempty"`
	}
	var rows []row
	for _, k := range fault.Kinds() {
		rows = append(rows, row{k.Name, k.Level.String(), shareOf(k.Level), k.Doc, k.Expect, k.Codes, k.Source, k.Takes, k.Not})
	}
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return fmt.Errorf("listing the faults: %w", err)
	}
	_, err = fmt.Fprintf(a.out, "%s\n", text)
	return err
}
