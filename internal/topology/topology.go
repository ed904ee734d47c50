// Package topology grows trees whose figures follow given shares: how many
// operations a calling span calls, how often each is called, of which kind calls
// are. It knows nothing of services, durations or tags.
//
// A tree is made of edges: one span calls one operation, once or several times.
// It has exactly the spans and levels that are asked for, and the shares are aims
// that small trees bend: a tree of two spans has one edge, called once, whatever
// the shares say. So a Grower grows all of its trees once beforehand, counts, and
// raises the aims of what came out too rarely, until all trees together have the
// shares, as far as their sizes allow.
package topology

import (
	"math"
	"math/bits"
)

// Bin is a share of a count: of From … To, equally likely on a scale of logarithms.
type Bin struct {
	From, To int
	Share    float64
}

// Kind is a share of calls.
type Kind struct {
	Share float64
	Calls bool // such spans may call others
	// Services is how many there are of the kind; see ShareOut.
	Services int
}

// Figures are the shares that trees are to have.
type Figures struct {
	FanOut []Bin // calling spans, by how many operations they call
	Calls  []Bin // edges, by how often they are called in their trace
	Kinds  []Kind
}

// Size is what one tree is to have exactly: spans, at least 1, and levels, at
// least 1, 2 where there are 2 spans, and no more than spans.
type Size struct{ Spans, Levels int }

// Source draws random numbers.
type Source interface{ Uint64() uint64 }

// Tree is who is whose child. Spans are in the order of a walk that visits
// parents first.
type Tree struct {
	Parent []int // of each span; -1 for the root, which is the first
	Edge   []int // the edge by which it is called, -1 for the root
	Kinds  []int // by edge
}

// Grower grows trees towards figures.
type Grower struct{ aim Figures }

// rounds is how often the aims are corrected. Three bring the shares as close as
// the sizes allow.
const rounds = 4

// New returns a grower whose trees, of the sizes given and grown from the
// sources given, have the figures.
func New(want Figures, sizes []Size, source func(i int) Source) *Grower {
	want = want.reachable(sizes)
	g := &Grower{aim: want.clone()}
	for range rounds {
		got := want.empty()
		for i, size := range sizes {
			got.count(g.Grow(size, source(i)))
		}
		correctAll(g.aim.FanOut, want.FanOut, got.FanOut, ofBin)
		correctAll(g.aim.Calls, want.Calls, got.Calls, ofBin)
		correctAll(g.aim.Kinds, want.Kinds, got.Kinds, ofKind)
	}
	return g
}

func (f Figures) clone() Figures {
	return Figures{
		append([]Bin(nil), f.FanOut...), append([]Bin(nil), f.Calls...), append([]Kind(nil), f.Kinds...),
	}
}

// empty are figures of no trees, to count into.
func (f Figures) empty() Figures {
	f = f.clone()
	for i := range f.FanOut {
		f.FanOut[i].Share = 0
	}
	for i := range f.Calls {
		f.Calls[i].Share = 0
	}
	for i := range f.Kinds {
		f.Kinds[i].Share = 0
	}
	return f
}

// count adds a tree.
func (f Figures) count(t Tree) {
	called := make([]int, len(t.Kinds))
	caller := make([]int, len(t.Kinds))
	for k, e := range t.Edge {
		if e >= 0 {
			called[e]++
			caller[e] = t.Parent[k]
			f.Kinds[t.Kinds[e]].Share++
		}
	}
	operations := make([]int, len(t.Parent))
	for e, times := range called {
		operations[caller[e]]++
		countInto(f.Calls, times)
	}
	for _, n := range operations {
		if n > 0 {
			countInto(f.FanOut, n)
		}
	}
}

func countInto(bins []Bin, n int) {
	at := len(bins) - 1
	for i := range bins {
		if n <= bins[i].To {
			at = i
			break
		}
	}
	bins[at].Share++
}

// Bounds of how far an aim strays from its share. An aim far above its share is
// one that sizes do not allow: more of it would only spill over into others. One
// far below comes about by force.
const (
	strayMost  = 3.0
	strayLeast = 1.0 / 64
	// countsLeast is from how many counts on a correction is to be trusted.
	countsLeast = 5.0
)

// correct moves aims towards where shares come out as wanted, and returns their sum.
func correct(aim *float64, want, got, counted float64) {
	if want == 0 {
		return
	}
	// The conversion keeps machines from fusing product and sum, each in its way.
	stray := *aim / want * (float64(want*counted) + countsLeast) / (got + countsLeast)
	*aim = want * min(max(stray, strayLeast), strayMost)
}

func ofBin(b *Bin) *float64   { return &b.Share }
func ofKind(k *Kind) *float64 { return &k.Share }

// correctAll corrects all aims of a mix; share points at the share of one.
func correctAll[T any](aim, want, got []T, share func(*T) *float64) {
	counted := 0.0
	for i := range got {
		counted += *share(&got[i])
	}
	total := 0.0
	for i := range aim {
		correct(share(&aim[i]), *share(&want[i]), *share(&got[i]), counted)
		total += *share(&aim[i])
	}
	for i := range aim {
		*share(&aim[i]) /= total
	}
}

// reachable are the figures without the bins that no tree of these sizes has
// room for, normalised.
func (f Figures) reachable(sizes []Size) Figures {
	most := 1
	for _, size := range sizes {
		most = max(most, size.Spans-1)
	}
	f = f.clone()
	for _, bins := range [][]Bin{f.FanOut, f.Calls} {
		total := 0.0
		for i := range bins {
			if bins[i].From > most && i > 0 {
				bins[i].Share = 0
			}
			total += bins[i].Share
		}
		for i := range bins {
			bins[i].Share /= total
		}
	}
	return f
}

// draw draws from bins.
func draw(bins []Bin, s Source) int {
	u := unit(s)
	last := 0
	for i := range bins {
		if bins[i].Share > 0 {
			last = i
		}
	}
	for i := range bins {
		if u -= bins[i].Share; u < 0 || i == last {
			return within(bins[i], s)
		}
	}
	return 1
}

func within(b Bin, s Source) int {
	if b.To <= b.From {
		return b.From
	}
	low, high := float64(b.From), float64(b.To+1)
	// The last bits of a power may differ from machine to machine: cut them off.
	x := math.Floor(low*math.Pow(high/low, unit(s))*1e6+0.5) / 1e6
	return min(max(b.From, int(x)), b.To)
}

func unit(s Source) float64 { return (float64(s.Uint64()>>12) + 0.5) * 0x1p-52 }

func below(s Source, n int) int {
	high, _ := bits.Mul64(s.Uint64(), uint64(n))
	return int(high)
}
