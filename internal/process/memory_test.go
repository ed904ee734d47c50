package process

import (
	"runtime/debug"
	"testing"
)

func TestPercentOf(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{{0, 400}, {1 << 20, 400}, {32 << 20, 100}, {64 << 20, 50}, {128 << 20, 25}, {8 << 30, 25}} {
		if got := percentOf(c.live); got != c.want {
			t.Errorf("%d MiB alive: %d%%, want %d%%", c.live>>20, got, c.want)
		}
	}
}

// TestThrifty finds the limit set and undone.
func TestThrifty(t *testing.T) {
	now := func() int {
		p := debug.SetGCPercent(100)
		debug.SetGCPercent(p)
		return p
	}
	t.Setenv("GOGC", "")
	before := now()
	undo := Thrifty()
	if got := now(); got != percentOf(liveBytes()) {
		t.Errorf("%d%% with %d bytes alive", got, liveBytes())
	}
	undo()
	if got := now(); got != before {
		t.Errorf("%d%% after it was undone, %d%% before", got, before)
	}
	t.Setenv("GOGC", "50")
	Thrifty()()
	if got := now(); got != before {
		t.Errorf("%d%% though the user said GOGC=50", got)
	}
}
