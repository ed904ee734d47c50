//go:build prove

package intake

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/prove"
)

// hourMost is the bar: all that the account of an hour at 100,000 traces/s needs. The
// simulation is run within hourLimit, as with GOMEMLIMIT: beyond it, the runtime collects
// garbage as often as it takes, and what lives would still be seen.
const (
	hourMost  = 250e6
	hourLimit = 240e6
)

// TestProveLedgerHour simulates an hour at 100,000 traces a second in several loads, and
// writes a section of docs/proofs/ledger.md. With -short it is six minutes.
func TestProveLedgerHour(t *testing.T) {
	length := time.Hour
	if testing.Short() {
		length /= 10
	}
	var page strings.Builder
	for _, l := range loads() {
		t.Run(l.name, func(t *testing.T) {
			if !l.beyond {
				defer debug.SetMemoryLimit(debug.SetMemoryLimit(hourLimit))
			}
			s := simulate(t, l, int(length.Seconds()))
			s.check(t)
			t.Log(s.String())
			bar, verdict := fmt.Sprintf("%.0f MB", hourMost/1e6), "met"
			switch {
			case l.beyond:
				bar, verdict = "–", ""
			case s.peak >= hourMost:
				verdict = "**not met**"
				t.Errorf("%.0f MB", float64(s.peak)/1e6)
			}
			mb := func(stage string) string { return fmt.Sprintf("%.0f MB", float64(s.stages[stage])/1e6) }
			fmt.Fprintf(&page, "| %s | %.1f M | %.0f MB | %s | %s | %s | %s | %s | %.0f s |\n", l.name, float64(s.requests)/1e6, float64(s.account)/1e6,
				mb(stageLoad), mb(stageHandOver), mb(stageClosing), bar, verdict, (s.handOver + s.closing).Seconds())
		})
	}
	text := fmt.Sprintf(`## The memory of an hour at 100,000 traces/s

%s, %s: a simulation over ordinals, %v of it. The intake and the books of the generator are the real ones, in one process, so figures
are for both together; what is left out is the bodies. Arrivals come as an agent forwards them: in payloads, a tenth of them out of their order, %g%% of them never,
%g%% without a span, %g%% twice, %g%% in two pieces; %g%% of the requests are refused here and there, and 1%% in one stretch. In the end the account is exact.

| load | requests | live at the end | at most during the load | handing over | closing | less than | | hand-over and closing |
|---|---|---|---|---|---|---|---|---|
%s
Live is what the garbage collector leaves; the other figures are all that the Go runtime holds of the system's memory, within GOMEMLIMIT=%.0fMB.
The last load is the dearest kind, shown without a bar or a limit: few traces in requests that have room for many.
`, time.Now().UTC().Format(time.DateOnly), runtime.Version(), length, missingPer1000/10., partialPer1000/10., twicePer1000/10., piecesPer1000/10., refusedPer1000/10., &page, hourLimit/1e6)
	t.Log(text)
	if err := prove.Section("ledger.md", prove.LedgerHead, "hour", text); err != nil {
		t.Error(err)
	}
}
