package cli

import (
	"encoding/json"
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

func (a *app) schemaCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [scenario|target|record]",
		Short: "Print the JSON Schema of a kind of file (default: scenario)",
		Example: `  spanstorm schema > scenario.schema.json
  spanstorm schema record`,
		Args:      needs(0, 1, "at most one of scenario, target, record"),
		ValidArgs: []string{"scenario", "target", "record"},
		RunE: func(_ *cobra.Command, args []string) error {
			kind := "scenario"
			if len(args) == 1 {
				kind = args[0]
			}
			var schema *jsonschema.Schema
			switch kind {
			case "scenario":
				schema = scenarios.Schema()
			case "target":
				schema = target.Schema()
			case "record":
				schema = results.Schema()
			default:
				return usageError("there is no schema of %q; there are scenario, target and record", kind)
			}
			text, err := json.MarshalIndent(schema, "", "  ")
			if err != nil {
				return fmt.Errorf("writing the schema of a %s: %w", kind, err)
			}
			_, err = fmt.Fprintf(a.out, "%s\n", text)
			return err
		},
	}
}
