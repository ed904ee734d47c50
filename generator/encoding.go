package generator

import (
	"fmt"

	"github.com/spanstorm/spanstorm/internal/clients"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/wire"
	"github.com/spanstorm/spanstorm/scenarios"
)

// choose decides how payloads are written. The sources of traces are there.
func (c *Corpus) choose() error {
	s := c.scenario
	c.senders.clients = clients.Of(s)
	if s.Encoding == scenarios.JSON {
		if !s.API.TakesJSON() {
			return fmt.Errorf("api %s takes no JSON; use encoding: msgpack", s.API)
		}
		c.encoding = wire.V03JSON{InTags: s.API == scenarios.V03}
		return nil
	}
	switch s.API {
	case scenarios.V03, scenarios.V04:
		c.encoding = wire.V04{InTags: s.API == scenarios.V03}
		return nil
	case scenarios.V05:
		c.encoding = wire.NewV05()
		return nil
	case scenarios.V07, scenarios.V10:
		tracers, err := c.tracers()
		if err != nil {
			return err
		}
		if c.encoding = wire.NewV1(tracers...); s.API == scenarios.V07 {
			c.encoding = wire.NewV07(tracers...)
		}
		c.senders.measure(c.encoding, len(tracers))
		return nil
	}
	return fmt.Errorf("api %q cannot be written; use one of %s", s.API, scenarios.APIs())
}

// frame is the number of bytes around and between n chunks, of a payload that
// the first tracer sends.
func (c *Corpus) frame(n int) int {
	w := c.encoding.Writer()
	return len(w.AppendTail(w.AppendHead(nil, 0, n))) + len(w.AppendNext(nil))*max(0, n-1)
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
		if c.senders.excess != nil {
			size += c.senders.excess[c.sender(seq)]
		}
		for w := c.walk(seq); w.next(); n++ {
			size += c.templates[w.draw.template].Size(!w.draw.Priority.None)
		}
		return size + c.frame(n)
	}
}
