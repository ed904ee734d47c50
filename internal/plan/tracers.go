package plan

// Tracers is how many tracers there are.
func (p *Plan) Tracers() uint64 { return p.tracers }

// Tracer is the tracer, from 0, that sends request seq. Tracers that flush at
// intervals have their turns; else each has one request in as many as there are
// tracers, and neighbours go to unrelated ones, which may speak another language.
func (p *Plan) Tracer(seq uint64) int {
	if p.Fleet != nil {
		if f, k := p.Fleet.at(seq); f != nil {
			return f.Client(k)
		}
	}
	return int(seq % p.tracers * stride(p.tracers) % p.tracers)
}

// Bound says that there are no more than so many requests, with what they are
// numbered by.
func (p *Plan) Bound(requests uint64) { p.requests = requests }

// Step is the request that the tracer of request seq sends n requests later in the
// same phase, or earlier if n is negative; ok is false if there is none.
func (p *Plan) Step(seq uint64, n int) (other uint64, ok bool) {
	if n == 0 {
		return seq, true
	}
	if p.Fleet != nil {
		return p.Fleet.step(seq, n)
	}
	from, to := p.phase(seq)
	other = seq + uint64(n)*p.tracers
	if n < 0 {
		return other, seq >= from+uint64(-n)*p.tracers
	}
	return other, other < to
}

// phase is the phase of request seq: its first request, and the first after it.
func (p *Plan) phase(seq uint64) (from, to uint64) {
	for _, bound := range p.phases {
		if bound > seq {
			return from, bound
		}
		from = bound
	}
	return from, max(p.requests, from)
}

// stride leads through n things in such steps that those next to each other are
// far apart in time, and each has its turn: it has no divisor in common with n, and is
// near n divided by the golden ratio.
func stride(n uint64) uint64 {
	s := n*618/1000 + 1
	for gcd(s, n) > 1 {
		s++
	}
	return s
}

func gcd(a, b uint64) uint64 {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}
