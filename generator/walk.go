package generator

// draw is what was drawn for a chunk.
type draw struct {
	key      uint64
	seq      uint64 // the request in which its trace began
	i        int    // its trace's place there
	part     int    // of its trace; 0 in one that is sent whole
	shape    int
	template uint32
	first    uint32 // template of the trace's first part
	priority *priorityShare
}

// walk goes over the chunks of a request in the order in which they are sent:
// traces that begin in it, and then, of those that began in earlier requests of
// its client, what is sent now.
type walk struct {
	corpus   *Corpus
	seq      uint64
	request  uint64 // key of the request whose traces are drawn
	incident *episode
	n, i     int
	draw     draw
}

// walk begins before the first chunk of request seq.
func (c *Corpus) walk(seq uint64) walk {
	w := walk{corpus: c, seq: seq}
	w.open(seq)
	return w
}

// open begins with the traces of request from.
func (w *walk) open(from uint64) {
	p := &w.corpus.plan
	w.request, w.incident = p.request(from), p.during(from)
	w.n, w.i = p.chunks(from, w.request), 0
	w.draw.seq = from
}

// next draws the next chunk; false after the last.
func (w *walk) next() bool {
	d := &w.draw
	for {
		for w.i < w.n {
			d.i = w.i
			w.i++
			d.key, d.shape, d.first, d.priority = w.corpus.plan.chunk(w.request, d.i)
			d.first = w.incident.template(d.shape, d.key, d.first)
			d.template = d.first
			if d.part == 0 {
				return true
			}
			if d.part < w.corpus.partsOf(d.first) {
				d.template = w.corpus.part(d.first, d.part)
				return true
			}
		}
		if d.part++; d.part >= w.corpus.parts.most {
			return false
		}
		from, ok := w.corpus.step(w.seq, -d.part)
		if !ok {
			return false
		}
		w.open(from)
	}
}

// traces is the number of chunks in request seq.
func (c *Corpus) traces(seq uint64) int {
	if c.parts.most <= 1 {
		return c.plan.chunks(seq, c.plan.request(seq))
	}
	n := 0
	for w := c.walk(seq); w.next(); {
		n++
	}
	return n
}
