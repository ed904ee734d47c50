package wire

// Pack moves what composing reads of templates into memory of their own, one
// behind the other in this order: templates that are used at the same time lie
// together then, in as few pages as they can.
func Pack(templates []Template, order []uint32) {
	var bodies, spans, tags, used int
	for _, i := range order {
		t := &templates[i]
		bodies, spans, tags, used = bodies+len(t.Body), spans+len(t.spans), tags+len(t.tags), used+len(t.used)
	}
	b, s, m, u := make([]byte, 0, bodies), make([]mark, 0, spans), make([]tagMark, 0, tags), make([]uint16, 0, used)
	for _, i := range order {
		t := &templates[i]
		t.Body, b = move(b, t.Body)
		t.spans, s = move(s, t.spans)
		t.tags, m = move(m, t.tags)
		t.used, u = move(u, t.used)
	}
}

// move appends what to all, and returns it there.
func move[T any](all, what []T) (moved, longer []T) {
	from := len(all)
	all = append(all, what...)
	return all[from:len(all):len(all)], all
}
