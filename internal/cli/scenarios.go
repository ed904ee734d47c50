package cli

import (
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter/tw"
	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/scenarios"
)

func (a *app) scenariosCmd() *cobra.Command {
	list := func(*cobra.Command, []string) error { return a.listScenarios() }
	cmd := &cobra.Command{
		Use:     "scenarios",
		Short:   "List and show the bundled scenarios",
		Example: "  spanstorm scenarios\n  spanstorm scenarios show web-shop > my.yaml",
		Args:    cobra.NoArgs,
		RunE:    list,
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "list", Short: "List the bundled scenarios", Args: cobra.NoArgs, RunE: list,
			Example: "  spanstorm scenarios list\n  spanstorm scenarios list | grep giant",
		},
		&cobra.Command{
			Use: "show NAME", Short: "Print a bundled scenario's source", Args: needs(1, 1, "the NAME of a bundled scenario; 'spanstorm scenarios' lists them"),
			Example:           "  spanstorm scenarios show web-shop\n  spanstorm scenarios show heavy-tail > my.yaml",
			ValidArgsFunction: completeScenario,
			RunE: func(_ *cobra.Command, args []string) error {
				for _, b := range bundledScenarios() {
					if b.Name == args[0] {
						_, err := a.out.Write(b.Source)
						return err
					}
				}
				return usageError("no bundled scenario %q; there are %s", args[0], strings.Join(bundledNames(), ", "))
			},
		},
		a.faultsCmd())
	return cmd
}

func (a *app) listScenarios() error {
	for _, group := range []struct {
		title string
		list  []scenarios.Bundled
	}{{"scenario", scenarios.Library()}, {"published problem", scenarios.Bugs()}} {
		table := newTable(a.out, tw.AlignLeft)
		table.Header(group.title, "what it is")
		for _, b := range group.list {
			if err := table.Append(b.Name, firstSentence(b.Description)); err != nil {
				return fmt.Errorf("listing the scenarios: %w", err)
			}
		}
		if err := table.Render(); err != nil {
			return fmt.Errorf("listing the scenarios: %w", err)
		}
	}
	return nil
}

// firstSentence is the beginning of a text, on one line.
func firstSentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if first, _, more := strings.Cut(text, ". "); more {
		return first + "."
	}
	return text
}

// bundledScenarios are all that can be called by name.
func bundledScenarios() []scenarios.Bundled {
	return append(scenarios.Library(), scenarios.Bugs()...)
}

func bundledNames() []string {
	var names []string
	for _, b := range bundledScenarios() {
		names = append(names, b.Name)
	}
	return names
}

// completeScenario completes the names of bundled scenarios, beside files.
func completeScenario(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return bundledNames(), cobra.ShellCompDirectiveDefault
}
