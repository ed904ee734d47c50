package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Flags that take a value of the scenario language read it as a scenario does, and say
// themselves what is wrong with it.

// shareFlag is a share between two bounds, both included.
type shareFlag struct {
	to          *float64
	least, most scenarios.Share
}

func shareVar(flags *pflag.FlagSet, to *float64, name string, usual float64, least, most scenarios.Share, usage string) {
	*to = usual
	flags.Var(&shareFlag{to, least, most}, name, usage)
}

func (f *shareFlag) String() string { return scenarios.Share(*f.to).String() }
func (f *shareFlag) Type() string   { return ownType }

func (f *shareFlag) Set(text string) error {
	share, err := scenarios.ParseShare(strings.TrimSpace(text))
	switch {
	case err != nil:
		return err
	case share < f.least || share > f.most:
		return fmt.Errorf("%s is not between %s and %s", text, f.least, f.most)
	}
	*f.to = float64(share)
	return nil
}

// requestsFlag is a rate in requests per second: `500/s`, or the number alone.
type requestsFlag struct {
	to   *float64
	most float64
}

func (f *requestsFlag) String() string {
	if f.to == nil || *f.to == 0 {
		return ""
	}
	return scenarios.Quantity{PerS: *f.to, Unit: scenarios.Requests}.String()
}

func (f *requestsFlag) Type() string { return ownType }

func (f *requestsFlag) Set(text string) error {
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil {
		var q scenarios.Quantity
		if q, err = scenarios.ParseQuantity(text); err != nil {
			return err
		}
		if q.Unit != scenarios.Requests {
			return fmt.Errorf("%q counts %s; give requests, for example 500/s", text, q.Unit)
		}
		rate = q.PerS
	}
	if !(rate >= 1 && rate <= f.most) {
		return fmt.Errorf("%s is not between 1/s and %.0f/s", text, f.most)
	}
	*f.to = rate
	return nil
}
