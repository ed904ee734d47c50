package altered

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/ledger"
)

// TestEachRequestIsVisitedOnce holds that a row of any length is a permutation, and that its
// first places lie evenly.
func TestEachRequestIsVisitedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p Population
		want := []uint64{}
		for first := uint64(3); len(p.Ranges) < 4; first += 5000 {
			n := rapid.Uint64Range(0, 500).Draw(t, "requests")
			p.Ranges = append(p.Ranges, Range{First: first, Count: n})
			for seq := range n {
				want = append(want, first+seq)
			}
		}
		got := []uint64{}
		p.visit(func(seq uint64) bool {
			got = append(got, seq)
			return true
		})
		if n := len(got); n >= 100 {
			tenth := slices.Clone(got[:n/10])
			slices.Sort(tenth)
			for i, half := 0, want[n/2]; ; i++ {
				if i == len(tenth) || tenth[i] >= half { // about half of them before the middle
					if off := i - len(tenth)/2; off < -6 || off > 6 {
						t.Fatalf("of the first %d of %d, %d lie in the first half", len(tenth), n, i)
					}
					break
				}
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("visited %d of %d", len(got), len(want))
		}
	})
}

// TestClosedLoopsBegin holds that of a loop of which only a small part will be, enough is in
// the sample, and not only of its beginning.
func TestClosedLoopsBegin(t *testing.T) {
	const reserved, sent = 6_000_000, 150_000
	p := Population{
		Ranges: []Range{{First: 1000, Count: reserved, Closed: true}}, Shapes: 1, Skip: func(int32) bool { return false },
		Chunks: func(dst []ledger.Chunk, seq uint64) []ledger.Chunk {
			return append(dst, ledger.Chunk{Ordinal: seq, Fault: ledger.NoFault, Spans: 3, HasPriority: true, Priority: 1})
		},
	}
	ordinals := Choose(p)
	if most := closedTimes * chunksMost; len(ordinals) != most || len(slices.Compact(slices.Clone(ordinals))) != most {
		t.Fatalf("%d chunks", len(ordinals))
	}
	within, late := 0, 0
	for _, o := range ordinals {
		if o < 1000 || o >= 1000+reserved {
			t.Fatalf("%d is not of the loop", o)
		}
		if o < 1000+sent {
			within++
			if o >= 1000+sent/2 {
				late++
			}
		}
	}
	if within < chunksMost/4 || late < within/6 {
		t.Errorf("%d would be sent, %d of them in the second half", within, late)
	}
}

// TestStrata holds what is in a sample: places for each shape and fault, none that cannot be
// compared or will not come, and little of what is large.
func TestStrata(t *testing.T) {
	const shapes, faults = 2, 3
	chunk := func(seq uint64) ledger.Chunk {
		c := ledger.Chunk{Ordinal: seq, Fault: ledger.NoFault, Spans: 4, HasPriority: true, Priority: 1}
		switch seq % 100 {
		case 1:
			c.Shape = 1
		case 2:
			c.Fault = 0
		case 3:
			c.Fault = 1 // skipped
		case 4:
			c.Fault, c.Spans = 2, 60_000
		case 5:
			c.Priority = 0
		case 6:
			c.HasPriority = false
		case 7:
			c.Spans = 0
		}
		return c
	}
	p := Population{
		Ranges: []Range{{Count: 50_000}}, Shapes: shapes, Faults: faults, Skip: func(f int32) bool { return f == 1 },
		Chunks: func(dst []ledger.Chunk, seq uint64) []ledger.Chunk { return append(dst, chunk(seq)) },
	}
	count := map[uint64]int{}
	for _, o := range Choose(p) {
		if kind := o % 100; kind > 0 && kind < 8 {
			count[kind]++
		} else {
			count[0]++
		}
	}
	places := chunksMost / (shapes + faults)
	if count[0] != places || count[1] != places || count[2] != places || count[3] != 0 || count[4] != 1 || count[5]+count[6]+count[7] != 0 {
		t.Errorf("%v, want %d of 0, 1 and 2, and one of 4", count, places)
	}
	if n := Choose(Population{Skip: p.Skip}); n != nil {
		t.Errorf("chose %d of nothing", len(n))
	}
}

func BenchmarkChoose(b *testing.B) {
	p := Population{
		Ranges: []Range{{Count: 1 << 30}}, Shapes: 10, Faults: 1, Skip: func(int32) bool { return false }, // the fault is never met
		Chunks: func(dst []ledger.Chunk, seq uint64) []ledger.Chunk {
			for i := range uint64(20) {
				dst = append(dst, ledger.Chunk{Ordinal: seq<<5 + i, Shape: int32(i % 10), Fault: ledger.NoFault, Spans: 3, HasPriority: true, Priority: 1})
			}
			return dst
		},
	}
	for b.Loop() {
		Choose(p)
	}
}
