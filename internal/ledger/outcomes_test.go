package ledger

import (
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

func TestOutcomesRememberTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := NewOutcomes()
		lengths := []uint64{rapid.Uint64Range(1, 12_000).Draw(t, "a"), rapid.Uint64Range(1, 8_000).Draw(t, "b")}
		if err := o.Reserve(5, lengths[0]); err != nil {
			t.Fatal(err)
		}
		second := 5 + lengths[0] + rapid.Uint64Range(0, 10).Draw(t, "gap")
		if err := o.Reserve(second, lengths[1]); err != nil {
			t.Fatal(err)
		}
		want := map[uint64]Outcome{}
		set := func(seq uint64, out Outcome) {
			if err := o.Set(seq, out); err != nil {
				t.Fatal(err)
			}
			if out.rank() > want[seq].rank() {
				want[seq] = out
			}
		}
		common := rapid.SampledFrom([]Outcome{200, 500, Unanswered}).Draw(t, "common")
		for seq := range lengths[0] { // long stretches of one outcome
			set(5+seq, common)
		}
		for range rapid.IntRange(0, 100).Draw(t, "others") {
			seq := 5 + rapid.Uint64Range(0, lengths[0]-1).Draw(t, "seq")
			if rapid.Bool().Draw(t, "second phase") {
				seq = second + rapid.Uint64Range(0, lengths[1]-1).Draw(t, "seq of b")
			}
			set(seq, rapid.SampledFrom([]Outcome{NotSent, Unanswered, 200, 202, 429, 500}).Draw(t, "outcome"))
		}
		counts, sent := map[Outcome]uint64{}, uint64(0)
		for seq := range second + lengths[1] + 3 {
			if got := o.Get(seq); got != want[seq] {
				t.Fatalf("request %d: got %v, want %v", seq, got, want[seq])
			}
			if want[seq] != NotSent {
				sent++
				counts[want[seq]]++
			}
		}
		last, n := int64(-1), uint64(0)
		o.Each(func(seq uint64, out Outcome) bool {
			if int64(seq) <= last || out != want[seq] || out == NotSent {
				t.Fatalf("Each says %d: %v after %d", seq, out, last)
			}
			last = int64(seq)
			n++
			return true
		})
		if n != sent || o.Sent() != sent {
			t.Fatalf("Each saw %d, Sent is %d, want %d", n, o.Sent(), sent)
		}
		for out, c := range counts {
			if o.Count(out) != c {
				t.Fatalf("%v: counted %d, want %d", out, o.Count(out), c)
			}
		}
	})
}

func TestOutcomesRefuse(t *testing.T) {
	o := NewOutcomes()
	if err := o.Reserve(10, 10); err != nil {
		t.Fatal(err)
	}
	if o.Reserve(19, 1) == nil {
		t.Error("phases may overlap")
	}
	if o.Reserve(100, ^uint64(0)) == nil {
		t.Error("phases may wrap around")
	}
	for _, seq := range []uint64{0, 9, 20, ^uint64(0)} {
		if o.Set(seq, 200) == nil {
			t.Errorf("request %d was not reserved", seq)
		}
	}
	for _, out := range []Outcome{2, 99, 1000, 65535} {
		if o.Set(10, out) == nil {
			t.Errorf("%d is no code", out)
		}
	}
	if err := o.Reserve(20, 1<<60); err != nil {
		t.Errorf("a rate that no machine can hold must cost nothing: %v", err)
	}
}

// An hour at 100,000 traces a second, 20 to a request and room for 32, with one
// request in ten thousand refused and one chunk in a thousand lost: a
// hundredth of it, measured and scaled up, needs less than 250 MB.
func TestAnHourFitsInMemory(t *testing.T) {
	const (
		scale    = 100
		requests = 3600 * 100_000 / 20 / scale
		limit    = 250 << 20 / scale
	)
	before := heap()
	o, a := NewOutcomes(), newArrivals(t)
	if err := o.Reserve(0, requests); err != nil {
		t.Fatal(err)
	}
	for seq := range uint64(requests) {
		out := Outcome(200)
		if seq%10_000 == 77 {
			out = 429
		}
		if err := o.Set(seq, out); err != nil {
			t.Fatal(err)
		}
		for i := range uint64(20) {
			if n := seq*20 + i; n%1000 != 3 {
				a.AddWhole(seq<<5|i, 8)
			}
		}
	}
	used := heap() - before
	t.Logf("%d traces in %d requests: %d KB, so an hour takes %d MB", requests*20, requests, used>>10, used*scale>>20)
	if used > limit {
		t.Errorf("an hour takes %d MB", used*scale>>20)
	}
	runtime.KeepAlive(o)
	runtime.KeepAlive(a)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
