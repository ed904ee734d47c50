package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sees asks for everything that a ledger can ask for.
func (w *world) sees(t *rapid.T, a, b *Arrivals) {
	for seq := range w.requests {
		for _, c := range w.requests[seq] {
			d1, n1 := a.Seen(c.Ordinal, int(c.Spans))
			d2, n2 := b.Seen(c.Ordinal, int(c.Spans))
			if d1 != d2 || n1 != n2 || a.marked.Contains(c.Ordinal) != b.marked.Contains(c.Ordinal) {
				t.Fatalf("chunk %d: %d and %d again, or %d and %d again", c.Ordinal, d1, n1, d2, n2)
			}
		}
	}
	if a.Foreign != b.Foreign || a.Spans != b.Spans || a.Chunks != b.Chunks || a.LastUnixNS != b.LastUnixNS ||
		a.Probes != b.Probes || a.StatsPayloads != b.StatsPayloads || a.Overflow != b.Overflow || a.Whole() != b.Whole() {
		t.Fatalf("the counters differ: %+v, %+v", a, b)
	}
}

func TestMergeIsAsIfOneHadSeenIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		one, left, right := newArrivals(t), newArrivals(t), newArrivals(t)
		for i, e := range w.events() {
			part := rapid.SampledFrom([]*Arrivals{left, right}).Draw(t, "intake")
			e(one)
			e(part)
			one.Touch(time.Unix(int64(i), 0))
			part.Touch(time.Unix(int64(i), 0))
		}
		before, err := right.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := left.Merge(right); err != nil {
			t.Fatal(err)
		}
		w.sees(t, one, left)
		left.AddWhole(1<<40, 3) // must not reach into the other
		after, err := right.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before, after) {
			t.Fatal("merging changed the other side")
		}
	})
}

// Chunks that come in pieces may be joined at any moment, or not at all: the
// account is the same. Joined in time, they are whole.
func TestJoiningChangesNoAccount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		whole := map[uint64]bool{}
		for _, chunks := range w.requests {
			for _, c := range chunks {
				if c.Spans > 0 && rapid.Bool().Draw(t, "in pieces") {
					for i := range uint64(c.Spans) {
						w.loose[[2]uint64{c.Ordinal, i}]++
					}
					whole[c.Ordinal] = true
				}
				whole[c.Ordinal] = whole[c.Ordinal] || w.whole[c.Ordinal] > 0
			}
		}
		plain, joined := newArrivals(t), newArrivals(t)
		join := func() {
			for _, chunks := range w.requests {
				for _, c := range chunks {
					joined.Join(c.Ordinal, int(c.Spans))
				}
			}
		}
		for _, e := range rapid.Permutation(w.events()).Draw(t, "order") {
			e(plain)
			e(joined)
			if rapid.IntRange(0, 9).Draw(t, "join") == 0 {
				join()
			}
		}
		join()
		for o, want := range whole {
			if want && !joined.whole.Contains(o) {
				t.Fatalf("chunk %d is not whole", o)
			}
			d1, n1 := plain.Seen(o, w.size(o))
			d2, n2 := joined.Seen(o, w.size(o))
			if d1 != d2 || n1 != n2 {
				t.Fatalf("chunk %d of %d: %d and %d again, joined %d and %d again", o, w.size(o), d1, n1, d2, n2)
			}
		}
		if n := joined.loose.GetCardinality(); n != joined.nLoose || joined.whole.GetCardinality() != joined.nWhole {
			t.Fatalf("counted %d loose and %d whole, there are %d and %d", joined.nLoose, joined.nWhole, n, joined.whole.GetCardinality())
		}
		one, err := Close(w.sheet(t, plain))
		if err != nil {
			t.Fatal(err)
		}
		other, err := Close(w.sheet(t, joined))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one, other); diff != "" {
			t.Fatalf("(-plain +joined):\n%s", diff)
		}
	})
}

func TestMergeRefusesAnotherLayout(t *testing.T) {
	other, err := NewArrivals(testSpanBits + 1)
	if err != nil {
		t.Fatal(err)
	}
	if newArrivals(t).Merge(other) == nil {
		t.Error("merged")
	}
	if _, err := NewArrivals(MaxSpanBits + 1); err == nil {
		t.Error("made")
	}
}

func TestMessageCarriesEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		a := w.arrivals(t)
		a.Probes = rapid.Uint64().Draw(t, "probes")
		a.StatsPayloads = rapid.Uint64().Draw(t, "stats")
		a.Overflow = rapid.Uint64().Draw(t, "overflow")
		a.AddForeign(2, 9)
		a.Touch(time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "at"), 5))
		message, err := a.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		b := newArrivals(t)
		if err := b.UnmarshalBinary(message); err != nil {
			t.Fatal(err)
		}
		w.sees(t, a, b)
		again, err := b.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(message, again) {
			t.Fatalf("encoded again it is another message: %x, %x", message, again)
		}
		if cut := rapid.IntRange(0, len(message)-1).Draw(t, "cut"); !errors.Is(b.UnmarshalBinary(message[:cut]), ErrMessage) {
			t.Fatalf("read the first %d of %d bytes", cut, len(message))
		}
		w.sees(t, a, b) // as it was
	})
}

func TestMessageAtTheEdges(t *testing.T) {
	a := newArrivals(t)
	last := ^uint64(0) >> testSpanBits
	a.AddWhole(last, 1)
	a.AddWhole(0, 1)
	a.AddWhole(0, 1)
	a.AddWhole(0, 1)
	a.AddSpan(last, 1<<testSpanBits-1)
	a.AddSpan(last, 1<<testSpanBits-1)
	a.AddWhole(last+1, 4) // no ordinal at all
	a.AddSpan(1, 1<<testSpanBits)
	message, err := a.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	b := newArrivals(t)
	if err := b.UnmarshalBinary(message); err != nil {
		t.Fatal(err)
	}
	if d, again := b.Seen(0, 1); d != 1 || again != 2 {
		t.Errorf("first: %d, %d", d, again)
	}
	if d, again := b.Seen(last, 16); d != 16 || again != 2 {
		t.Errorf("last: %d, %d", d, again)
	}
	if b.Foreign.Traces != 1 || b.Foreign.Spans != 5 {
		t.Errorf("foreign: %+v", b.Foreign)
	}
}

func TestMessageRefusesWhatIsTooMuch(t *testing.T) {
	head := []byte(messageMagic + "\x01\x04\x00\x00\x00\x00\x00\x00\x00\x00")
	run := func(gap, extent uint64) []byte {
		return binary.AppendUvarint(binary.AppendUvarint([]byte{1}, gap), extent)
	}
	tests := map[string][]byte{
		"nothing":          nil,
		"another file":     []byte("PK\x03\x04 and so on"),
		"another version":  []byte(messageMagic + "\x02\x04"),
		"too many bits":    []byte(messageMagic + "\x01\x21"),
		"a run too long":   append(append([]byte{}, head...), run(0, maxElements)...),
		"a run past all":   append(append([]byte{}, head...), run(1<<60-1, 2)...),
		"a count that big": append(append([]byte{}, head...), 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0),
		"trailing":         append(append([]byte{}, head...), 0, 0, 0, 0, 0, 0, 0),
	}
	for name, message := range tests {
		a := newArrivals(t)
		if err := a.UnmarshalBinary(message); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestArrivalsAreBounded(t *testing.T) {
	a := newArrivals(t)
	a.nLoose = maxLoose
	a.AddSpan(1, 1)
	a.AddSpan(2, 1)
	if a.Overflow != 2 || a.Spans != 2 {
		t.Errorf("overflow %d of %d", a.Overflow, a.Spans)
	}
	w := claimsWorld(0)
	l, err := Close(w.sheet(t, a))
	if err != nil {
		t.Fatal(err)
	}
	if l.Drained {
		t.Error("an account that lost count says it is exact")
	}
}

func FuzzArrivalsUnmarshal(f *testing.F) {
	a := newArrivals(f)
	a.AddWhole(3, 2)
	a.AddWhole(3, 2)
	a.AddWhole(3, 2)
	a.AddWhole(4, 2)
	a.AddSpan(7, 1)
	a.AddSpan(7, 1)
	a.AddMarked(9)
	a.Touch(time.Unix(5, 0))
	seed, err := a.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(messageMagic))
	f.Add(seed[:len(seed)-1])
	f.Fuzz(func(t *testing.T, message []byte) {
		a := newArrivals(t)
		if err := a.UnmarshalBinary(message); err != nil {
			return
		}
		many := uint64(0)
		for _, set := range []*roaring64.Bitmap{a.whole, a.twice, a.loose, a.marked} {
			many += set.GetCardinality()
		}
		if many > 1<<24 {
			return // legal and slow: a run of billions
		}
		again, err := a.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		b := newArrivals(t)
		if err := b.UnmarshalBinary(again); err != nil {
			t.Fatalf("its own message: %v", err)
		}
		a.Seen(7, 3)
		w := claimsWorld(3)
		if _, err := Close(w.sheet(t, a)); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkAddWhole(b *testing.B) {
	b.Run("arrivals", func(b *testing.B) {
		a := newArrivals(b)
		for i := range b.N {
			a.AddWhole(uint64(i), 8)
		}
	})
	b.Run("map baseline", func(b *testing.B) {
		m := map[uint64]struct{}{}
		for i := range b.N {
			m[uint64(i)] = struct{}{}
		}
	})
}

func BenchmarkClose(b *testing.B) {
	const requests, chunks = 50_000, 20
	o, a := NewOutcomes(), newArrivals(b)
	if err := o.Reserve(0, requests); err != nil {
		b.Fatal(err)
	}
	for seq := range uint64(requests) {
		if err := o.Set(seq, 200); err != nil {
			b.Fatal(err)
		}
		for i := range uint64(chunks) {
			a.AddWhole(seq<<5|i, 8)
		}
	}
	sheet := Sheet{Source: "intake", Drained: true, Shapes: []string{"one"}, Outcomes: o, Arrivals: a,
		Describe: func(dst []Chunk, seq uint64) []Chunk {
			for i := range uint64(chunks) {
				dst = append(dst, Chunk{Ordinal: seq<<5 | i, Fault: NoFault, Spans: 8, Priority: 1, HasPriority: true})
			}
			return dst
		}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Close(sheet); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(requests*chunks), "ns/chunk")
}
