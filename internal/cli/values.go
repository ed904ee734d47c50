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

// rateFlag is a rate: `500/s`, `3000 traces/s`, or a number alone, whose unit is left open.
type rateFlag struct {
	scenarios.Quantity
}

func (f *rateFlag) String() string {
	if f.PerS == 0 {
		return ""
	}
	return f.Quantity.String()
}

func (f *rateFlag) Type() string { return ownType }

func (f *rateFlag) Set(text string) error {
	q := scenarios.Quantity{}
	var err error
	if q.PerS, err = strconv.ParseFloat(text, 64); err != nil {
		if q, err = scenarios.ParseQuantity(text); err != nil {
			return err
		}
	}
	f.Quantity = q
	return nil
}

// in is the rate in a unit, from 1 to most.
func (f *rateFlag) in(u scenarios.Unit, most float64) (float64, error) {
	of := scenarios.Quantity{PerS: 500, Unit: u}
	switch {
	case f.Unit != "" && f.Unit != u:
		return 0, fmt.Errorf("%s counts %s; give %s, for example %s", f, f.Unit, u, of)
	case !(f.PerS >= 1 && f.PerS <= most):
		return 0, fmt.Errorf("%s is not between %s and %s", scenarios.Quantity{PerS: f.PerS, Unit: u}, scenarios.Quantity{PerS: 1, Unit: u}, scenarios.Quantity{PerS: most, Unit: u})
	}
	return f.PerS, nil
}
