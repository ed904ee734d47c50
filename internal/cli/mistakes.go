package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagMistake says of a flag that could not be read what is wrong with it, and
// what to write instead.
func flagMistake(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &invalid):
		flag := invalid.GetFlag()
		if own := flag.Value.Type(); own == ownType { // which says itself what is wrong
			return fmt.Errorf("--%s: %w", flag.Name, errors.Unwrap(invalid))
		}
		return fmt.Errorf("--%s %q is not %s", flag.Name, invalid.GetValue(), wanted(flag.Value.Type()))
	case errors.As(err, &missing):
		flag := missing.GetFlag()
		return fmt.Errorf("--%s lacks its value: %s", flag.Name, wanted(flag.Value.Type()))
	case errors.As(err, &unknown):
		if near := nearFlag(cmd, unknown.GetSpecifiedName()); near != "" {
			return fmt.Errorf("%w; did you mean --%s?", err, near)
		}
	}
	return err
}

// ownType is the type of flags that describe their values and mistakes themselves.
const ownType = "value"

// wanted describes the values of flags of a type, as pflag names it.
func wanted(typ string) string {
	switch typ {
	case "int", "int64", "uint", "uint64":
		return "a whole number; write for example 1000"
	case "float64":
		return "a number; write for example 0.5"
	case "duration":
		return "a duration; write for example 250ms, 10s or 1m30s"
	case "bool":
		return "a truth value; leave it out for true, or write =false"
	case "stringArray", "stringSlice":
		return "a text; give the flag once for each"
	}
	return "a text"
}

// nearFlag is the flag that was likely meant: the same letters but for one, or
// for two neighbours that changed places.
func nearFlag(cmd *cobra.Command, name string) string {
	near := ""
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if near == "" && !f.Hidden && slips(name, f.Name) {
			near = f.Name
		}
	})
	return near
}

// slips says that one slip of the finger lies between two names.
func slips(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		swapped := i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		return i < len(a) && a[i+1:] == b[i+1:] || swapped
	case 1:
		return a[i:] == b[i+1:]
	}
	return false
}

// helpCmd is help about a command, which has to be there.
func (a *app) helpCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			a.ran = true
			of, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageError("there is no command %q; 'spanstorm --help' lists them", strings.Join(args, " "))
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}
