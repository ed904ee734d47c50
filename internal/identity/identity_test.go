package identity

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	anyKey = rapid.Custom(func(t *rapid.T) Key {
		return Key(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "key"))
	})
	anyLayout = rapid.Custom(func(t *rapid.T) Layout {
		chunk := rapid.Uint8Range(0, kindBits-seqBitsMin-1).Draw(t, "chunk bits")
		return Layout{ChunkBits: chunk, SpanBits: rapid.Uint8Range(1, kindBits-seqBitsMin-chunk).Draw(t, "span bits")}
	})
)

func TestIDsTurnBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLayout.Draw(t, "layout")
		c := New(anyKey.Draw(t, "key"), l)
		ordinal := rapid.Uint64Range(0, l.Probe(0)).Draw(t, "ordinal")
		k := rapid.IntRange(1, 1<<l.SpanBits-1).Draw(t, "k")

		trace, span := c.TraceID(ordinal, k), c.SpanID(ordinal, k)
		for _, id := range []uint64{trace, span} {
			if id < MinID || id > MaxID {
				t.Fatalf("id %d is outside [10^18, 2^63)", id)
			}
		}
		if gotOrdinal, spans, ok := c.Trace(trace); !ok || gotOrdinal != ordinal || spans != k {
			t.Errorf("Trace(TraceID(%d, %d)) = %d, %d, %v", ordinal, k, gotOrdinal, spans, ok)
		}
		if gotOrdinal, index, ok := c.Span(span); !ok || gotOrdinal != ordinal || index != k {
			t.Errorf("Span(SpanID(%d, %d)) = %d, %d, %v", ordinal, k, gotOrdinal, index, ok)
		}
		if gotOrdinal, index, last, ok := c.SpanOf(span); !ok || last || gotOrdinal != ordinal || index != k {
			t.Errorf("SpanOf(SpanID(%d, %d)) = %d, %d, last %v, %v", ordinal, k, gotOrdinal, index, last, ok)
		}
		end := c.LastSpanID(ordinal, k)
		if gotOrdinal, index, last, ok := c.SpanOf(end); !ok || !last || gotOrdinal != ordinal || index != k {
			t.Errorf("SpanOf(LastSpanID(%d, %d)) = %d, %d, last %v, %v", ordinal, k, gotOrdinal, index, last, ok)
		}
		if end < MinID || end > MaxID {
			t.Fatalf("id %d is outside [10^18, 2^63)", end)
		}
		if _, _, ok := c.Trace(end); ok {
			t.Errorf("span id %d passes for a trace id", end)
		}
		// No id is both: whatever one inverse accepts, the other refuses.
		if _, _, ok := c.Span(trace); ok {
			t.Errorf("trace id %d passes for a span id", trace)
		}
		if _, _, ok := c.Trace(span); ok {
			t.Errorf("span id %d passes for a trace id", span)
		}
	})
}

// Any number in the range is the image of exactly one: the inverse law from the
// other side.
func TestNumbersTurnBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := New(anyKey.Draw(t, "key"), Layout{ChunkBits: 5, SpanBits: 4})
		id := rapid.Uint64Range(MinID, MaxID).Draw(t, "id")
		if got := c.permute(c.unpermute(id)); got != id {
			t.Errorf("permute(unpermute(%d)) = %d", id, got)
		}
	})
}

func TestSpanIDsAreSpanID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Layout{ChunkBits: 5, SpanBits: 7}
		c := New(anyKey.Draw(t, "key"), l)
		ordinal := rapid.Uint64Range(0, l.Probe(0)).Draw(t, "ordinal")
		ids := make([]uint64, rapid.IntRange(0, 127).Draw(t, "spans"))
		c.SpanIDs(ids, ordinal)
		for i, id := range ids {
			if want := c.SpanID(ordinal, i); id != want {
				t.Fatalf("SpanIDs[%d] = %d, want %d", i, id, want)
			}
		}
	})
}

func TestStrangersAreRefused(t *testing.T) {
	c := New(Key{1}, Layout{ChunkBits: 5, SpanBits: 4})
	for _, id := range []uint64{0, 1, MinID - 1, MaxID + 1, 1<<64 - 1} {
		if _, _, ok := c.Trace(id); ok {
			t.Errorf("Trace(%d) passes", id)
		}
		if _, _, ok := c.Span(id); ok {
			t.Errorf("Span(%d) passes", id)
		}
	}
	if _, _, ok := c.Trace(c.TraceID(7, 0)); ok {
		t.Error("a trace id of no spans passes")
	}
}

func TestOrdinals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLayout.Draw(t, "layout")
		seq := rapid.Uint64Range(0, l.MaxSeq()-1).Draw(t, "seq")
		i := rapid.IntRange(0, 1<<l.ChunkBits-1).Draw(t, "i")
		ordinal := l.Ordinal(seq, i)
		if ordinal >= l.FirstProbe() {
			t.Fatalf("Ordinal(%d, %d) = %d reaches the probe's %d", seq, i, ordinal, l.FirstProbe())
		}
		if gotSeq, gotI := l.Seq(ordinal); gotSeq != seq || gotI != i {
			t.Errorf("Seq(Ordinal(%d, %d)) = %d, %d", seq, i, gotSeq, gotI)
		}
	})
}

func TestFit(t *testing.T) {
	for _, tt := range []struct {
		chunks, spans int
		want          Layout
		wantErr       string
	}{
		{1, 1, Layout{0, 1}, ""},
		{20, 12, Layout{5, 4}, ""},
		{32, 15, Layout{5, 4}, ""},
		{33, 16, Layout{6, 5}, ""},
		{1, 10_000, Layout{0, 14}, ""},
		{0, 1, Layout{}, "both are at least 1"},
		{1, 0, Layout{}, "both are at least 1"},
		{1 << 20, 1 << 20, Layout{}, "lower traces_per_request"},
	} {
		got, err := Fit(tt.chunks, tt.spans)
		if got != tt.want || (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
			t.Errorf("Fit(%d, %d) = %+v, %v; want %+v, error with %q", tt.chunks, tt.spans, got, err, tt.want, tt.wantErr)
		}
	}
}

func TestKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := anyKey.Draw(t, "key")
		if got, err := ParseKey(k.String()); err != nil || got != k {
			t.Errorf("ParseKey(%q) = %v, %v", k.String(), got, err)
		}
	})
	for _, text := range []string{"", "00", strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("g", 32)} {
		if _, err := ParseKey(text); err == nil {
			t.Errorf("ParseKey(%q) passes", text)
		}
	}
	a, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if a == b {
		t.Errorf("two new keys are both %v", a)
	}
}

// Datadog's agents keep a trace at rate r when id·1111111111111111111 mod 2^64
// is below r·2^64. Ids of successive ordinals must not upset that: for n = 2^16
// the share has standard deviation √(r(1−r)/n), and 5 of them are allowed.
func TestSamplersSeeRandomIDs(t *testing.T) {
	const n = 1 << 16
	for _, key := range []Key{{}, {1}, {15: 1}, {0xde, 0xad, 0xbe, 0xef}} {
		c := New(key, Layout{ChunkBits: 5, SpanBits: 4})
		kept, high := 0, [63]int{}
		for ordinal := range uint64(n) {
			id := c.TraceID(ordinal, 8)
			if id*1111111111111111111 < 1<<64/10 {
				kept++
			}
			for b := range high {
				high[b] += int(id >> b & 1)
			}
		}
		if d := kept - n/10; d*d > 25*n*9/100 {
			t.Errorf("key %v: a 10%% sampler keeps %d of %d", key, kept, n)
		}
		// The lowest bits are fair coins; the highest are tilted by the range's lower end.
		for b := range 48 {
			if d := high[b] - n/2; d*d > 25*n/4 {
				t.Errorf("key %v: bit %d is set in %d of %d ids", key, b, high[b], n)
			}
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("000102030405060708090a0b0c0d0e0f")
	f.Add("xyz")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ParseKey(text)
		if err == nil && !strings.EqualFold(k.String(), text) {
			t.Errorf("ParseKey(%q).String() = %q", text, k)
		}
	})
}
