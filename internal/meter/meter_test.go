package meter

import (
	"context"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/results"
)

// TestWithSamples puts what was measured from outside beside the load's
// seconds, each once, and the drain behind them.
func TestWithSamples(t *testing.T) {
	rows := []results.Second{{T: 0, Phase: "a"}, {T: 1, Phase: "a"}, {T: 1, Phase: "b"}}
	got := withSamples(rows, []sample{{accepted: 1}, {accepted: 2}, {accepted: 4}})
	var sum uint64
	for _, row := range got {
		sum += row.Accepted
	}
	if len(got) != 4 || sum != 7 || got[3].Phase != "drain" || got[3].T != 2 {
		t.Errorf("%+v", got)
	}
}

// TestMeter lets this process work for a while, and then be told that the load is over.
func TestMeter(t *testing.T) {
	none := func() process.Usage { return process.Usage{} }
	var told, lasts int
	m := New(time.Now(), Sources{
		Target: none, Intake: none,
		Progress: func(context.Context) (intake.Progress, error) { return intake.Progress{Complete: 7}, nil },
		Sampled: func(last bool) {
			told++
			if last {
				lasts++
			}
		},
	})
	m.Start(t.Context())
	for until := time.Now().Add(1200 * time.Millisecond); time.Now().Before(until); {
		continue
	}
	m.LoadOver()
	used := m.Machine()
	m.Stop()
	m.Stop()
	rows := m.Fill(nil)
	if told != len(rows) || lasts != 1 || len(rows) < 2 || rows[0].Accepted != 7 || m.Latest().Complete != 7 {
		t.Errorf("told %d times, %d last; %+v", told, lasts, rows)
	}
	if again := m.Machine(); again != used {
		t.Errorf("after the load the machine has done more: %+v, %+v", again, used)
	}
	if used == (results.MachineUsage{}) {
		t.Skip("this system does not tell what its processors do")
	}
	if mine := used.CPUS - used.OthersCPUS; mine < 0.3 || mine > 1.3 || used.IdleCPUS < 0 || rows[0].MachineCPUS == 0 {
		t.Errorf("1.2 s of one processor: %+v; %+v", used, rows)
	}
}
