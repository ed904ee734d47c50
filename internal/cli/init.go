package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
)

func (a *app) initCmd() *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a scenario file to start from",
		Long:  "Init writes a bundled scenario to FILE (default scenario.yaml), for you to change. It never overwrites.",
		Example: `  spanstorm init
  spanstorm init heavy.yaml --from heavy-tail`,
		Args: needs(0, 1, "at most one FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			path := "scenario.yaml"
			if len(args) == 1 {
				path = args[0]
			}
			return a.init(path, from)
		},
	}
	cmd.Flags().StringVar(&from, "from", "web-shop", "the bundled scenario to start from")
	_ = cmd.RegisterFlagCompletionFunc("from", completeScenario)
	return cmd
}

func (a *app) init(path, from string) error {
	var source []byte
	for _, b := range bundledScenarios() {
		if b.Name == from {
			source = b.Source
		}
	}
	if source == nil {
		return usageError("no bundled scenario %q; 'spanstorm scenarios' lists them", from)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is already there; give another name: spanstorm init FILE", path)
	}
	if err != nil {
		return fmt.Errorf("writing a scenario: %w", err)
	}
	if _, err := f.Write(source); err != nil {
		_ = f.Close()
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = fmt.Fprintf(a.out, "wrote %s; now: spanstorm preview %s, then spanstorm run %s\n", path, path, path)
	return err
}
