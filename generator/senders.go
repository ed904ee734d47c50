package generator

import (
	"github.com/spanstorm/spanstorm/internal/clients"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
)

// senders are the clients, and what the heads of their payloads are like.
type senders struct {
	clients []clients.Client
	// excess is how many bytes longer the head of each is than that of the first;
	// nil where payloads do not say who sends.
	excess []int
	mean   float64 // of excess
}

// Clients are the tracers that send: [Corpus.Client] counts them. The caller must
// not change them.
func (c *Corpus) Clients() []clients.Client { return c.senders.clients }

// release is where a process runs and which version of its service it is, as the
// tags of its spans have it.
type release struct{ env, version string }

// tracers are the clients as the heads of payloads name them. Client i of n is
// taken to be a process of the service in which the traces of a shape begin, that of
// the shape at (i+½)/n of all shapes by share. Where tags vary heads
// are silent, and agents look at the tags.
func (c *Corpus) tracers() ([]wire.Tracer, error) {
	releases, err := c.releases()
	if err != nil {
		return nil, err
	}
	var list []wire.Tracer
	shape, upTo, share := 0, 0.0, c.plan.Shares()
	for i := range c.senders.clients {
		at := (float64(i) + 0.5) / float64(len(c.senders.clients))
		for shape < len(share) && upTo+share[shape] < at {
			upTo += share[shape]
			shape++
		}
		var of release
		if len(releases) > 0 {
			of = releases[min(shape, len(releases)-1)]
		}
		one := &c.senders.clients[i]
		list = append(list, wire.Tracer{
			Language: one.Language, LanguageVersion: one.LanguageVersion, TracerVersion: one.TracerVersion,
			RuntimeID: one.RuntimeID, ContainerID: one.ContainerID, Hostname: one.Hostname,
			Env: of.env, AppVersion: of.version,
		})
	}
	return list, nil
}

// releases reads the tags of the first root of each shape.
func (c *Corpus) releases() ([]release, error) {
	d := trees.NewDresser(c.catalogue)
	var list []release
	for i := range c.sources {
		spans, err := d.Spans(c.sources[i].trees, 0)
		if err != nil {
			return nil, err
		}
		var of release
		for _, tag := range spans[0].Meta {
			switch {
			case tag.Variable > 0:
			case tag.Key == "env":
				of.env = tag.Value
			case tag.Key == "version":
				of.version = tag.Value
			}
		}
		list = append(list, of)
	}
	return list, nil
}

// measure compares the heads of the payloads of n tracers.
func (f *senders) measure(e wire.Encoding, n int) {
	w, head := e.Writer(), []byte(nil)
	first := len(w.AppendHead(nil, 0, 0))
	for i := range n {
		head = w.AppendHead(head[:0], i, 0)
		f.excess = append(f.excess, len(head)-first)
		f.mean += float64(len(head)-first) / float64(n)
	}
}

// sender is the tracer that the body of request seq names.
func (c *Corpus) sender(seq uint64) int {
	if len(c.senders.excess) < 2 {
		return 0
	}
	return c.Client(seq)
}
