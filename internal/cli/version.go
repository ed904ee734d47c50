package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/internal/run"
)

func (a *app) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  spanstorm version\n  spanstorm version | cut -d' ' -f2",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			tool := run.Tool()
			line := "spanstorm " + tool.Version
			if tool.Commit != "" {
				line += " (" + tool.Commit + ")"
			}
			_, err := fmt.Fprintf(a.out, "%s %s %s/%s\n", line, tool.Go, runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
