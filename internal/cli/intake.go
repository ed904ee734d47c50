package cli

import (
	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/process"
)

func (a *app) intakeCmd() *cobra.Command {
	var options intake.Options
	var watch bool
	cmd := &cobra.Command{
		Use:   "intake",
		Short: "Run the stand-in backend on its own",
		Long: `Intake runs the stand-in backend that an agent forwards to. It turns the ids it
sees back into ordinals once it is given a run's key over its control endpoint,
and hands over what it saw. It announces its addresses as one line of JSON on
stdout and runs until it is interrupted.`,
		Example: `  spanstorm intake --listen 127.0.0.1:9126 --control 127.0.0.1:9127
  curl -s http://127.0.0.1:9127/progress`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := a.roleContext(cmd.Context(), watch)
			defer stop()
			return intake.Serve(ctx, options, func(addrs intake.Addrs) {
				if err := process.Announce(a.out, process.Ready{Listen: addrs.Listen, Control: addrs.Control}); err != nil {
					a.logger(false).Warn("announcing the addresses", "err", err)
				}
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&options.Listen, "listen", "127.0.0.1:0", "where agents send to, HOST:PORT")
	flags.StringVar(&options.Control, "control", "127.0.0.1:0", "where the run's key comes from and arrivals are asked for, HOST:PORT on loopback")
	flags.IntVar(&options.Samples, "samples", 0, "keep this many of the first payloads whole")
	watchFlag(cmd, &watch)
	return cmd
}
