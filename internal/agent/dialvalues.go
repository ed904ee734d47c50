package agent

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
)

// unixPrefix begins the address of a socket.
const unixPrefix = "unix://"

func checkListen(v string) error {
	if path, ok := strings.CutPrefix(v, unixPrefix); ok {
		if !strings.HasPrefix(path, "/") {
			return errors.New("the path of a socket is absolute, as in unix:///run/apm.socket")
		}
		return nil
	}
	if _, _, err := net.SplitHostPort(v); err != nil {
		return errors.New("not HOST:PORT and not unix:///PATH")
	}
	return nil
}

func checkIntake(v string) error {
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return errors.New("not the URL of an intake")
	}
	return nil
}

func parseAPIs(v string) ([]decode.API, error) {
	var apis []decode.API
	for part := range strings.SplitSeq(v, "+") {
		api := decode.API(strings.TrimSpace(part))
		switch {
		case !slices.Contains(decode.APIs(), api):
			return nil, fmt.Errorf("%q is not a version of the trace API; there are %s", part, formatAPIs(decode.APIs()))
		case slices.Contains(apis, api):
			return nil, fmt.Errorf("%s is there twice", api)
		}
		apis = append(apis, api)
	}
	return apis, nil
}

func formatAPIs(apis []decode.API) string {
	var parts []string
	for _, api := range apis {
		parts = append(parts, string(api))
	}
	return strings.Join(parts, "+")
}

func parseDuration(v string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.TrimSpace(v))
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is not a duration", v)
	case d < 0 || d > longest:
		return 0, fmt.Errorf("%v is not between 0 and %v", d, longest)
	}
	return d, nil
}

func parseLatency(v string) (l Latency, err error) {
	mean, deviation, both := strings.Cut(v, "±")
	if l.Mean, err = parseDuration(mean); err != nil {
		return Latency{}, err
	}
	if both {
		if l.Deviation, err = parseDuration(deviation); err != nil {
			return Latency{}, err
		}
	}
	return l, nil
}

// String is the form that the dial reads; empty for none.
func (l Latency) String() string {
	switch {
	case l == Latency{}:
		return ""
	case l.Deviation == 0:
		return l.Mean.String()
	}
	return l.Mean.String() + "±" + l.Deviation.String()
}

// draw is the latency at two uniform numbers in (0, 1], by Box and Muller.
func (l Latency) draw(u, v float64) time.Duration {
	if l.Deviation == 0 {
		return l.Mean
	}
	z := math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
	return max(0, l.Mean+time.Duration(z*float64(l.Deviation)))
}

func (d *Dials) addStalls(v string) error {
	for part := range strings.SplitSeq(v, ";") {
		at, length, ok := strings.Cut(part, "+")
		if !ok {
			return fmt.Errorf("%q is not AT+FOR", part)
		}
		var s Stall
		var err error
		if s.At, err = parseDuration(at); err != nil {
			return err
		}
		if s.For, err = parseDuration(length); err != nil {
			return err
		}
		if s.For == 0 {
			return fmt.Errorf("%q lasts no time", part)
		}
		d.Stalls = append(d.Stalls, s)
	}
	return nil
}

func formatStalls(stalls []Stall) string {
	var parts []string
	for _, s := range stalls {
		parts = append(parts, s.At.String()+"+"+s.For.String())
	}
	return strings.Join(parts, ";")
}

func parseShare(v string) (float64, error) {
	number, percent := strings.CutSuffix(v, "%")
	x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		x /= 100
	}
	if err != nil || !(x >= 0 && x <= 1) {
		return 0, errors.New("not a share between 0% and 100%")
	}
	return x, nil
}

// formatShare writes the plain number, which parses to the very same share.
func formatShare(x float64) string {
	if x == 0 {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// parseMore reads a share to be added, with its sign or without.
func parseMore(v string) (float64, error) {
	number, percent := strings.CutSuffix(v, "%")
	x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		x /= 100
	}
	if err != nil || !(x >= 0 && x <= dearest) {
		return 0, fmt.Errorf("not between 0%% and %d%%", dearest*100)
	}
	return x, nil
}

func parseRate(v string) (float64, error) {
	number, _ := strings.CutSuffix(v, "/s")
	x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(x > 0 && x <= fastest) {
		return 0, fmt.Errorf("%q is not a rate per second", v)
	}
	return x, nil
}

func formatRate(x float64) string {
	if x == 0 {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64) + "/s"
}

func parseKnee(v string) (k Knee, err error) {
	rate, factor, ok := strings.Cut(v, ":")
	if !ok {
		return Knee{}, errors.New("not RATE:FACTOR")
	}
	if k.PerS, err = parseRate(rate); err != nil {
		return Knee{}, err
	}
	k.Factor, err = strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(factor), "x"), 64)
	if err != nil || !(k.Factor >= 1 && k.Factor <= steepest) {
		return Knee{}, fmt.Errorf("%q is not a factor of at least 1", factor)
	}
	return k, nil
}

// String is the form that the dial reads; empty for none.
func (k Knee) String() string {
	if k.PerS == 0 {
		return ""
	}
	return formatRate(k.PerS) + ":" + strconv.FormatFloat(k.Factor, 'g', -1, 64) + "x"
}

// latency is how long a request takes at a rate, given how long it takes below the knee.
func (k Knee) latency(base time.Duration, perS float64) time.Duration {
	if k.PerS == 0 || perS <= k.PerS {
		return base
	}
	if base == 0 {
		base = kneeLatency
	}
	longer := float64(base) * math.Pow(k.Factor, perS/k.PerS-1)
	return time.Duration(min(longer, float64(longest)))
}
