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
				for _, b := range scenarios.Library() {
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
	table := newTable(a.out, tw.AlignLeft)
	table.Header("scenario", "what it is")
	for _, b := range scenarios.Library() {
		if err := table.Append(b.Name, strings.Join(strings.Fields(b.Description), " ")); err != nil {
			return fmt.Errorf("listing the scenarios: %w", err)
		}
	}
	return table.Render()
}

func bundledNames() []string {
	var names []string
	for _, b := range scenarios.Library() {
		names = append(names, b.Name)
	}
	return names
}

// completeScenario completes the names of bundled scenarios, beside files.
func completeScenario(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return bundledNames(), cobra.ShellCompDirectiveDefault
}
