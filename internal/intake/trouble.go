package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Trouble is what an intake does to agents on purpose, until it is told otherwise.
// The zero value is none.
type Trouble struct {
	Kind TroubleKind   `json:"kind"`
	By   time.Duration `json:"by_ns,omitempty"` // Slow: how much later it answers
	Code int           `json:"code,omitempty"`  // Answer: with what
	// Answer, Reset: the share of the requests that meet it, above 0, evenly spread; 0: all.
	Share float64 `json:"share,omitempty"`
}

// TroubleKind is a kind of trouble.
type TroubleKind string

// What an intake can do to agents.
const (
	NoTrouble TroubleKind = ""
	// Slow answers later.
	Slow TroubleKind = "slow"
	// Hang answers nothing; what still waits when it is over is answered then.
	Hang TroubleKind = "hang"
	// Refuse closes all connections and listens to none: they are refused.
	Refuse TroubleKind = "refuse"
	// Answer answers every request with a code, and takes nothing in.
	Answer TroubleKind = "answer"
	// Reset resets every connection as soon as a request has come.
	Reset TroubleKind = "reset"
)

// slowMost bounds how much later a slow intake answers: beyond it, it hangs.
const slowMost = 10 * time.Minute

// Validate says what is wrong with trouble.
func (t Trouble) Validate() error {
	if !(t.Share >= 0 && t.Share <= 1) {
		return fmt.Errorf("a share of requests is at most 1, not %v", t.Share)
	}
	switch t.Kind {
	case NoTrouble, Hang, Refuse, Reset:
		return nil
	case Slow:
		if t.By <= 0 || t.By > slowMost {
			return fmt.Errorf("an intake is slow by more than 0 and at most %v, not by %v", slowMost, t.By)
		}
		return nil
	case Answer:
		if t.Code < 300 || t.Code > 599 {
			return fmt.Errorf("an intake in trouble answers 300 to 599, not %d", t.Code)
		}
		return nil
	}
	return fmt.Errorf("an intake knows no trouble of the kind %q", t.Kind)
}

// troubled is the trouble that an intake makes at a time.
type troubled struct {
	Trouble
	over chan struct{} // closed when it is over
	came atomic.Uint64 // requests, meanwhile
}

// meets says that the request that comes now is one of those that meet trouble,
// the first of all among them.
func (t *troubled) meets() bool {
	if t.Share == 0 {
		return true
	}
	n := float64(t.came.Add(1))
	return math.Ceil(n*t.Share) > math.Ceil((n-1)*t.Share)
}

// trouble holds what is made at the moment.
type trouble struct {
	mu  sync.Mutex // held by whoever changes it
	now atomic.Pointer[troubled]
}

// SetTrouble begins trouble, and ends what was before.
func (s *Server) SetTrouble(t Trouble) error {
	if err := t.Validate(); err != nil {
		return err
	}
	s.trouble.mu.Lock()
	defer s.trouble.mu.Unlock()
	before := s.trouble.now.Swap(&troubled{Trouble: t, over: make(chan struct{})})
	if before != nil {
		close(before.over)
	}
	if t.Kind == Refuse {
		return s.gate.shut()
	}
	return s.gate.open()
}

// makeTrouble serves agents as the trouble of the moment has it.
func (s *Server) makeTrouble(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch t := s.trouble.now.Load(); {
		case t == nil || t.Kind == NoTrouble:
			next.ServeHTTP(w, r)
		case t.Kind == Slow, t.Kind == Hang:
			if t.hold(w, r) {
				next.ServeHTTP(w, r)
			}
		case !t.meets():
			next.ServeHTTP(w, r)
		case t.Kind == Answer:
			if drain(w, r) {
				_ = answer(w, t.Code, "application/json", `{"error":"trouble on purpose"}`)
			}
		default:
			cutOff(w)
		}
	})
}

// hold keeps a request waiting; false says that its sender has gone. The body is
// read before: only then does a server notice that.
func (t *troubled) hold(w http.ResponseWriter, r *http.Request) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, packedBytesMax))
	if err != nil {
		http.Error(w, err.Error(), statusOf(err))
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	deadlines := http.NewResponseController(w)
	_ = deadlines.SetWriteDeadline(time.Time{}) // it is the wait that takes time, not the writing
	if !sleep(r.Context(), t.By, t.over) {
		return false
	}
	_ = deadlines.SetWriteDeadline(time.Now().Add(bodyWithin))
	return true
}

// sleep waits until trouble is over, but no longer than most, if that is above 0.
// It returns false when ctx was done before.
func sleep(ctx context.Context, most time.Duration, over <-chan struct{}) bool {
	var enough <-chan time.Time
	if most > 0 {
		timer := time.NewTimer(most)
		defer timer.Stop()
		enough = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-enough:
	case <-over:
	}
	return true
}

// cutOff resets the connection of a request.
func cutOff(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // closes it, which is all that can be done
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// gate is a listener that can be shut, so that the system refuses connections,
// and opened again at the same address.
type gate struct {
	addr net.Addr

	mu     sync.Mutex
	l      net.Listener // nil while it is shut
	opened chan struct{}
	conns  map[net.Conn]struct{}
	closed bool
}

func newGate(l net.Listener) *gate {
	g := &gate{addr: l.Addr(), l: l, opened: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	close(g.opened)
	return g
}

// Accept implements net.Listener. While the gate is shut it waits.
func (g *gate) Accept() (net.Conn, error) {
	for {
		g.mu.Lock()
		l, opened, closed := g.l, g.opened, g.closed
		g.mu.Unlock()
		if closed {
			return nil, net.ErrClosed
		}
		if l == nil {
			<-opened
			continue
		}
		c, err := l.Accept()
		if err == nil {
			if c = g.enter(l, c); c == nil {
				continue
			}
			return c, nil
		}
		if !errors.Is(err, net.ErrClosed) {
			return nil, err
		}
	}
}

// enter keeps track of a connection; nil if the gate was shut meanwhile.
func (g *gate) enter(l net.Listener, c net.Conn) net.Conn {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.l != l {
		_ = c.Close()
		return nil
	}
	g.conns[c] = struct{}{}
	return &entered{c, g}
}

// shut refuses connections from now on, and closes those that are there.
func (g *gate) shut() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.l == nil || g.closed {
		return nil
	}
	err := g.l.Close()
	g.l, g.opened = nil, make(chan struct{})
	for c := range g.conns {
		_ = c.Close()
	}
	return err
}

// open listens again.
func (g *gate) open() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.l != nil || g.closed {
		return nil
	}
	l, err := net.Listen("tcp", g.addr.String())
	if err != nil {
		return fmt.Errorf("the intake cannot listen again where it did: %w", err)
	}
	g.l = l
	close(g.opened)
	return nil
}

// Close implements net.Listener.
func (g *gate) Close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil
	}
	g.closed = true
	if g.l == nil {
		close(g.opened)
		return nil
	}
	return g.l.Close()
}

// Addr implements net.Listener.
func (g *gate) Addr() net.Addr { return g.addr }

// entered is a connection that came through a gate.
type entered struct {
	net.Conn
	gate *gate
}

// Close implements net.Conn.
func (e *entered) Close() error {
	e.gate.mu.Lock()
	delete(e.gate.conns, e.Conn)
	e.gate.mu.Unlock()
	return e.Conn.Close()
}

func (s *Server) serveTrouble(w http.ResponseWriter, r *http.Request) {
	var t Trouble
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, runBytesMax))
	d.DisallowUnknownFields()
	err := d.Decode(&t)
	if err == nil {
		err = s.SetTrouble(t)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
