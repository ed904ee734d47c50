package intake

import (
	"math"
	"slices"
	"testing"
	"time"
)

// Chunks have the moment at which they came out first, and repeats change nothing.
func TestMoments(t *testing.T) {
	f := start(t, Options{}).keyed()
	before := time.Now().UnixNano()
	for _, ordinal := range []uint64{9, 3, 9, 5} {
		if code, _, err := f.try(t.Context(), ordinal); code != 202 {
			t.Fatalf("%d (%v)", code, err)
		}
	}
	list, share, err := f.client.Moments(t.Context())
	after := time.Now().UnixNano()
	if err != nil || share != 1 {
		t.Fatalf("share %v, %v", share, err)
	}
	var ordinals []uint64
	at := map[uint64]int64{}
	for _, m := range list {
		ordinals, at[m.Ordinal] = append(ordinals, m.Ordinal), m.UnixNS
		if m.UnixNS < before || m.UnixNS > after {
			t.Errorf("chunk %d came at %d, between %d and %d", m.Ordinal, m.UnixNS, before, after)
		}
	}
	if !slices.Equal(ordinals, []uint64{3, 5, 9}) || at[9] > at[3] || at[3] > at[5] {
		t.Errorf("moments %v", list)
	}
}

// Of more chunks than can be kept a uniform sample is, within its bound.
func TestMomentsAreSampled(t *testing.T) {
	var m moments
	const n = 3*momentsMost + 17
	for ordinal := range uint64(n) {
		m.add(ordinal, int64(ordinal))
	}
	share := 1 / float64(m.mask+1)
	if len(m.list) > momentsMost || share != 0.25 && share != 0.5 {
		t.Fatalf("%d kept, a share of %v", len(m.list), share)
	}
	if got, want := float64(len(m.list)), share*n; math.Abs(got-want) > 6*math.Sqrt(want) {
		t.Errorf("%v of %d kept, want about %v", got, n, want)
	}
	late := 0
	for _, o := range m.list {
		if o.Ordinal >= n/2 {
			late++
		}
	}
	if half := float64(len(m.list)) / 2; math.Abs(float64(late)-half) > 6*math.Sqrt(half) {
		t.Errorf("%d of %d are of the later half", late, len(m.list))
	}
}

func TestReadMoments(t *testing.T) {
	for _, message := range [][]byte{nil, make([]byte, 7), make([]byte, 9), {0, 0, 0, 0, 0, 0, 0, 4}} {
		if list, _, err := readMoments(message); err == nil {
			t.Errorf("%v was read as %v", message, list)
		}
	}
}
