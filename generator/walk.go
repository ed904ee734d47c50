package generator

import "github.com/spanstorm/spanstorm/internal/plan"

// draw is what was drawn for a chunk.
type draw struct {
	plan.Trace
	seq      uint64 // the request in which its trace began
	i        int    // its trace's place there
	part     int    // of its trace; 0 in one that is sent whole
	template uint32 // of the part
}

// walk goes over the chunks of a request in the order in which they are sent:
// traces that begin in it, and then, of those that began in earlier requests of
// its client, what is sent now.
type walk struct {
	corpus  *Corpus
	seq     uint64
	request plan.Request // whose traces are drawn
	i       int
	draw    draw
}

// walk begins before the first chunk of request seq.
func (c *Corpus) walk(seq uint64) walk {
	w := walk{corpus: c, seq: seq}
	w.open(seq)
	return w
}

// open begins with the traces of request from.
func (w *walk) open(from uint64) {
	w.request, w.i = w.corpus.plan.Request(from), 0
	w.draw.seq = from
}

// next draws the next chunk; false after the last.
func (w *walk) next() bool {
	d := &w.draw
	for {
		for w.i < w.request.Traces {
			d.i = w.i
			w.i++
			d.Trace = w.request.Trace(d.i)
			d.template = d.Template
			if d.part == 0 {
				return true
			}
			if d.part < w.corpus.partsOf(d.Template) {
				d.template = w.corpus.part(d.Template, d.part)
				return true
			}
		}
		if d.part++; d.part >= w.corpus.parts.most {
			return false
		}
		from, ok := w.corpus.plan.Step(w.seq, -d.part)
		if !ok {
			return false
		}
		w.open(from)
	}
}

// traces is the number of chunks in request seq.
func (c *Corpus) traces(seq uint64) int {
	if c.parts.most <= 1 {
		r := c.plan.Request(seq)
		return r.Traces
	}
	n := 0
	for w := c.walk(seq); w.next(); {
		n++
	}
	return n
}
