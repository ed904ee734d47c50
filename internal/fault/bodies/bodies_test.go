package bodies_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/tinylib/msgp/msgp"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/fault/bodies"
	"github.com/spanstorm/spanstorm/internal/limits"
	"github.com/spanstorm/spanstorm/internal/wire"
	"github.com/spanstorm/spanstorm/scenarios"
)

// good returns a body of each API version and encoding, by name: two traces of
// two spans.
func good(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for name, e := range map[string]wire.Encoding{
		"v0.3 json": wire.V03JSON{}, "v0.4 msgpack": wire.V04{}, "v0.5 msgpack": wire.NewV05(),
		"v0.7 msgpack": wire.NewV07(wire.Tracer{Language: "go"}), "v1.0 msgpack": wire.NewV1(wire.Tracer{Language: "go"}),
	} {
		template := e.Encode(&wire.Chunk{PriorityWidth: 1, Spans: []wire.Span{
			{Service: "web", Name: "http.request", Resource: "GET /", Type: "web", Parent: -1, Duration: 900, Meta: []wire.Tag{{Key: "http.method", Value: "GET"}}},
			{Service: "db", Name: "sql.query", Resource: "SELECT 1", Type: "sql", Start: 10, Duration: 500, Metrics: []wire.Metric{{Key: "rows", Value: 7}}},
		}})
		templates := []wire.Template{template}
		if indexed, ok := e.(wire.Indexed); ok && indexed.Finish(templates, 2, 2) {
			t.Fatalf("%s: a handful of texts is too many", name)
		}
		w, stamp := e.Writer(), &wire.Stamp{TraceID: 2e18, IDs: []uint64{0, 3e18, 4e18}, Start: 1.8e18, Priority: 1, HasPriority: true}
		body := w.AppendHead(nil, 0, 2)
		body = w.Append(body, &templates[0], stamp)
		body = w.Append(w.AppendNext(body), &templates[0], stamp)
		out[name] = w.AppendTail(body)
	}
	return out
}

// decode reads a body as far as it is one value, and returns what is left.
func decode(body []byte) (rest []byte, err error) {
	text := bytes.TrimLeft(body, " ")
	if len(text) == 0 || text[0] != '[' {
		return msgp.Skip(body)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	var v any
	err = dec.Decode(&v)
	rest, _ = io.ReadAll(dec.Buffered())
	return rest, err
}

func TestGoodBodiesAreWholeValues(t *testing.T) {
	for name, body := range good(t) {
		if rest, err := decode(body); err != nil || len(rest) > 0 {
			t.Errorf("%s: %v, %d bytes left", name, err, len(rest))
		}
	}
}

// TestApply holds each kind against what it is to do, for any body and key.
func TestApply(t *testing.T) {
	all := good(t)
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	raw := []byte("anything")
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "body")
		body, key := all[name], rapid.Uint64().Draw(t, "key")
		before := rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "before")
		for _, kind := range fault.Kinds() {
			if kind.Level == fault.Span {
				continue
			}
			f := &scenarios.Fault{Kind: kind.Name, Body: raw}
			dst := bodies.Apply(slices.Concat(before, body), len(before), f, key)
			if !bytes.HasPrefix(dst, before) {
				t.Fatalf("%s changes what is before the body", kind.Name)
			}
			again := bodies.Apply(slices.Concat(make([]byte, 3), body), 3, f, key)
			got := dst[len(before):]
			if !bytes.Equal(got, again[3:]) {
				t.Fatalf("%s depends on more than its arguments", kind.Name)
			}
			if err := judge(kind.Name, body, got, raw); err != nil {
				t.Fatalf("%s of %s: %v", kind.Name, name, err)
			}
		}
	})
}

// judge says what is wrong with got, a body under a fault.
func judge(kind string, body, got, raw []byte) error {
	rest, err := decode(got)
	switch kind {
	case fault.Truncated:
		if len(got) == 0 || len(got) >= len(body) || !bytes.HasPrefix(body, got) {
			return fmt.Errorf("%d of %d bytes are no proper prefix", len(got), len(body))
		}
		if err == nil {
			return errors.New("it can still be decoded")
		}
	case fault.TrailingGarbage:
		if n := len(got) - len(body); n < 1 || n > 64 || !bytes.HasPrefix(got, body) {
			return fmt.Errorf("%d bytes follow", n)
		}
		if err != nil {
			return fmt.Errorf("the payload before it: %w", err)
		}
	case fault.EmptyBody:
		if len(got) != 0 {
			return fmt.Errorf("%d bytes", len(got))
		}
	case fault.LyingLength:
		if err == nil {
			return errors.New("it can still be decoded")
		}
		if len(got) > len(body)+4 {
			return fmt.Errorf("%d bytes, from %d", len(got), len(body))
		}
	case fault.DeepNesting:
		if len(got) < 20_000 {
			return fmt.Errorf("%d bytes", len(got))
		}
		if got[0] != '[' && (err != nil || len(rest) > 0) {
			return fmt.Errorf("not well formed: %w", err)
		}
	case fault.RandomBytes:
		if len(got) != len(body) || bytes.Equal(got, body) {
			return fmt.Errorf("%d bytes", len(got))
		}
	case fault.RawBody:
		if !bytes.Equal(got, raw) {
			return fmt.Errorf("% x", got)
		}
	default:
		if !bytes.Equal(got, body) {
			return errors.New("the body changes")
		}
	}
	return nil
}

func TestStretch(t *testing.T) {
	sizes := map[string]int{
		fault.OverLimit: limits.PayloadBytes + 1, fault.FarOverLimit: 2 * limits.PayloadBytes, fault.EarlyAnswerIgnored: 2 * limits.PayloadBytes,
	}
	before, all := []byte("before"), good(t)
	for _, name := range []string{"v0.4 msgpack", "v0.3 json", "v1.0 msgpack"} {
		body := all[name]
		for kind, size := range sizes {
			f := &scenarios.Fault{Kind: kind}
			dst := bodies.Stretch(slices.Concat(before, body), len(before), f)
			got := dst[len(before):]
			if p := bodies.Pad(f, body); len(got) != size || p.Size() != size || p.Keep != len(body) {
				t.Errorf("%s of %s: %d bytes, %d announced, want %d", kind, name, len(got), p.Size(), size)
			}
			if !bytes.HasPrefix(dst, before) || !bytes.Contains(got[:len(body)], body) && !bytes.HasSuffix(got, body) {
				t.Errorf("%s of %s has lost the payload", kind, name)
			}
			// One value, and nothing but fill around it.
			if _, err := decode(got); err != nil {
				t.Errorf("%s of %s: %v", kind, name, err)
			}
		}
		if got := bodies.Stretch(slices.Clone(body), 0, &scenarios.Fault{Kind: fault.Truncated}); !bytes.Equal(got, body) {
			t.Errorf("%s: a body that needs no padding is changed", name)
		}
	}
	// A body that is larger by itself is cut to the size.
	huge := append([]byte("[[]]"), make([]byte, limits.PayloadBytes)...)
	if got := bodies.Stretch(huge, 0, &scenarios.Fault{Kind: fault.OverLimit}); len(got) != limits.PayloadBytes+1 {
		t.Errorf("%d bytes", len(got))
	}
}

// TestDraws sees that the key decides: truncation reaches everywhere, and every
// length on the way in lies at some time.
func TestDraws(t *testing.T) {
	body := good(t)["v0.4 msgpack"]
	cuts, lies := map[int]bool{}, map[string]bool{}
	for key := range uint64(2000) {
		cuts[len(bodies.Apply(slices.Clone(body), 0, &scenarios.Fault{Kind: fault.Truncated}, key))*10/len(body)] = true
		lied := bodies.Apply(slices.Clone(body), 0, &scenarios.Fault{Kind: fault.LyingLength}, key)
		lies[string(lied[:16])] = true
	}
	if len(cuts) != 10 || len(lies) != 8 { // 4 lengths, 2 lies
		t.Errorf("%d tenths, %d lies", len(cuts), len(lies))
	}
}

func TestApplyDoesNotAllocateWhereThereIsRoom(t *testing.T) {
	body := good(t)["v0.4 msgpack"]
	buf := make([]byte, 0, len(body)+50_000)
	for _, kind := range fault.Kinds() {
		f := &scenarios.Fault{Kind: kind.Name, Body: []byte("x")}
		if n := testing.AllocsPerRun(20, func() { bodies.Apply(append(buf[:0], body...), 0, f, 5) }); n != 0 {
			t.Errorf("%s: %v allocations", kind.Name, n)
		}
	}
}

func FuzzApply(f *testing.F) {
	for _, body := range good(f) {
		f.Add(body, uint64(3), uint8(2))
	}
	f.Add([]byte("\xdd\x00"), uint64(0), uint8(7))
	kinds := fault.Kinds()
	f.Fuzz(func(t *testing.T, body []byte, key uint64, kind uint8) {
		fl := &scenarios.Fault{Kind: kinds[int(kind)%len(kinds)].Name, Body: []byte{1}}
		dst := bodies.Apply(append([]byte("ab"), body...), 2, fl, key)
		if !bytes.HasPrefix(dst, []byte("ab")) {
			t.Fatal("what is before the body is lost")
		}
		switch fl.Kind {
		case fault.Truncated:
			if len(body) > 0 && (len(dst) >= len(body)+2 || !bytes.HasPrefix(body, dst[2:])) {
				t.Fatal("no proper prefix")
			}
		case fault.LyingLength:
			if len(dst) > len(body)+7 {
				t.Fatalf("%d bytes became %d", len(body), len(dst)-2)
			}
		}
	})
}
