package generator

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
	"github.com/spanstorm/spanstorm/scenarios"
)

// encodingOf chooses how payloads are written.
func encodingOf(s *scenarios.Scenario) (wire.Encoding, error) {
	if s.Encoding == scenarios.JSON {
		if !s.API.TakesJSON() {
			return nil, fmt.Errorf("api %s takes no JSON; use encoding: msgpack", s.API)
		}
		return wire.V03JSON{InTags: s.API == scenarios.V03}, nil
	}
	switch s.API {
	case scenarios.V03, scenarios.V04:
		return wire.V04{InTags: s.API == scenarios.V03}, nil
	case scenarios.V05:
		return wire.NewV05(), nil
	case scenarios.V07:
		return wire.V07{Tracer: tracerOf(s)}, nil
	case scenarios.V10:
		return wire.NewV1(tracerOf(s)), nil
	}
	return nil, fmt.Errorf("api %q cannot be written; use one of %s", s.API, scenarios.APIs())
}

// tracerOf is who the payloads say that they are from, for the APIs that say it:
// a tracer of the most frequent language.
func tracerOf(s *scenarios.Scenario) wire.Tracer {
	languages := slices.Sorted(maps.Keys(s.Clients.Languages))
	language := "go"
	if len(languages) > 0 {
		language = slices.MaxFunc(languages, func(a, b string) int {
			return cmp.Compare(s.Clients.Languages[a], s.Clients.Languages[b])
		})
	}
	key := trees.HashText(s.Seed, "tracer")
	id := make([]byte, 16+32)
	for i := range id {
		id[i] = byte(trees.Hash(key, uint64(i)))
	}
	run, container := hex.EncodeToString(id[:16]), hex.EncodeToString(id[16:])
	return wire.Tracer{
		Language: language, LanguageVersion: "1.0.0", TracerVersion: "1.0.0",
		RuntimeID:   run[:8] + "-" + run[8:12] + "-4" + run[13:16] + "-a" + run[17:20] + "-" + run[20:],
		ContainerID: container, Env: "load-test", Hostname: "spanstorm", AppVersion: "1.0.0",
	}
}

// frame is the number of bytes around and between n chunks.
func (c *Corpus) frame(n int) float64 {
	w := c.encoding.Writer()
	return float64(len(w.AppendTail(w.AppendHead(nil, n))) + len(w.AppendNext(nil))*max(0, n-1))
}

// Requests that are composed to learn how large they are, where that cannot be
// worked out.
const (
	sizedRequests = 256
	sizedSpans    = 1 << 18
)

// meanBytes is the mean size of the first bodies, of so many spans each.
func (c *Corpus) meanBytes(spans float64) float64 {
	n := uint64(min(max(sizedSpans/spans, 1), sizedRequests))
	size, total := c.sizer(), 0
	for seq := range n {
		total += size(c.steady() + seq)
	}
	return float64(total) / float64(n)
}

// sizer returns a function that says how large the body of request seq is.
func (c *Corpus) sizer() func(seq uint64) int {
	if _, ok := c.encoding.(wire.Indexed); ok {
		k, body := c.Composer(identity.Key{}), []byte(nil)
		return func(seq uint64) int {
			body = k.Append(body[:0], seq, timeLeast)
			return len(body)
		}
	}
	return func(seq uint64) int {
		size, n := 0, 0
		for w := c.walk(seq); w.next(); n++ {
			size += c.templates[w.draw.template].Size(!w.draw.priority.none)
		}
		return size + int(c.frame(n))
	}
}
