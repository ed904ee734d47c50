package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/internal/agent"
	"github.com/spanstorm/spanstorm/internal/process"
)

func (a *app) agentCmd() *cobra.Command {
	var dials agent.Dials
	var watch bool
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Run the embedded agent on its own",
		Long: `Agent runs the embedded agent: a small, honest receiver that forwards what it
accepts to an intake, with trouble on demand. It announces where it listens as
one line of JSON on stdout and runs until it is interrupted.`,
		Example: `  spanstorm agent --listen 127.0.0.1:8126 --intake http://127.0.0.1:9126
  spanstorm agent --listen 127.0.0.1:8126 --latency 5ms±1ms --drop 10%`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := a.roleContext(cmd.Context(), watch)
			defer stop()
			return agent.Serve(ctx, dials, func(addr string) {
				if err := process.Announce(a.out, process.Ready{Listen: addr}); err != nil {
					a.logger(false).Warn("announcing the address", "err", err)
				}
			})
		},
	}
	dials.AddFlags(cmd.Flags())
	watchFlag(cmd, &watch)
	return cmd
}

// roleContext ends when the command is interrupted or, with watch, when the
// parent that started us is no more: then there is nobody to be graceful for,
// but what still waits for the context can end in order within a bound.
func (a *app) roleContext(ctx context.Context, watch bool) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if watch {
		process.WatchParent(a.in, func() {
			_, _ = fmt.Fprintln(a.err, "spanstorm: the parent is gone; ending")
			os.Exit(exitFailed)
		})
	}
	return ctx, cancel
}

func watchFlag(cmd *cobra.Command, watch *bool) {
	name := process.WatchParentFlag[len("--"):]
	cmd.Flags().BoolVar(watch, name, false, "end when standard input ends")
	_ = cmd.Flags().MarkHidden(name)
}
