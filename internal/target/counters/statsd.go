package counters

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// packetBytes is the most that a UDP packet can hold.
	packetBytes = 64 << 10
	// nameBytes bounds the name of a counter with its tags.
	nameBytes = 300
	// receiveBytes is asked of the system for packets that wait to be read.
	receiveBytes = 4 << 20
)

// StatsD is a listener for packets in DogStatsD's format. Counts are
// differences and are added up; of gauges the last value is kept; timings,
// distributions, sets, events and service checks are left out. UDP may lose
// packets, so what it says is a lower bound.
type StatsD struct {
	conn *net.UDPConn
	done chan struct{}

	mu      sync.Mutex
	totals  Readings
	packets uint64
	sentBy  map[string]uint64 // the last packet that brought a counter, by its name
	lastAt  time.Time         // of the last packet
}

// Listen listens on a UDP address; 127.0.0.1:0 takes a free port.
func Listen(addr string) (*StatsD, error) {
	at, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for statsd on %s: %w", addr, err)
	}
	conn, err := net.ListenUDP("udp", at)
	if err != nil {
		return nil, fmt.Errorf("listen for statsd: %w", err)
	}
	_ = conn.SetReadBuffer(receiveBytes) // the system may give less
	s := &StatsD{conn: conn, done: make(chan struct{}), totals: Readings{}, sentBy: map[string]uint64{}}
	go s.receive()
	return s, nil
}

// Addr is where packets are taken, host:port.
func (s *StatsD) Addr() string { return s.conn.LocalAddr().String() }

// Kind implements [Source].
func (s *StatsD) Kind() string { return KindStatsD }

// Read returns the sums so far.
func (s *StatsD) Read(context.Context) (Readings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.totals), nil
}

// Close ends the listener. What was received can still be read.
func (s *StatsD) Close() error {
	err := s.conn.Close()
	<-s.done
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("end the statsd listener: %w", err)
	}
	return nil
}

// quietFor is how long no packet comes after the last one of a flush.
const quietFor = 300 * time.Millisecond

// Flushed waits until what the target has counted so far has been sent, but not
// longer than patience: a target sends some seconds later, and not all at once.
// meaning is that of a counter by its name. Awaited are the next values of those
// that speak of what was delivered or accepted: of one of the former in any case,
// and of all that have had a value before.
func (s *StatsD) Flushed(ctx context.Context, patience time.Duration, meaning func(name string) string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s.mu.Lock()
	before := s.packets
	s.mu.Unlock()
	tick := time.NewTicker(quietFor / 6)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if s.sentSince(before, meaning) {
			return
		}
	}
}

// sentSince says that all that is awaited has come after so many packets.
func (s *StatsD) sentSince(before uint64, meaning func(name string) string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.packets == before || time.Since(s.lastAt) < quietFor {
		return false
	}
	delivered := false
	for name, packet := range s.sentBy {
		column, _, _ := strings.Cut(meaning(name), ".")
		switch {
		case column != "delivered" && column != "accepted":
		case packet > before:
			delivered = delivered || column == "delivered"
		case s.totals[name].Value != 0:
			return false
		}
	}
	return delivered
}

func (s *StatsD) receive() {
	defer close(s.done)
	packet := make([]byte, packetBytes)
	for {
		n, _, err := s.conn.ReadFromUDPAddrPort(packet)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // of one packet, such as the echo of an ICMP error
		}
		s.mu.Lock()
		s.packets, s.lastAt = s.packets+1, time.Now()
		for line := range bytes.SplitSeq(packet[:n], []byte{'\n'}) {
			if name := s.totals.take(string(line)); name != "" {
				s.sentBy[name] = s.packets
			}
		}
		s.mu.Unlock()
	}
}

// take reads one line, and returns the name of the counter that it brought:
//
//	name:value[:value…]|type[|@rate][|#tag:value,…][|…]
func (r Readings) take(line string) (brought string) {
	head, rest, ok := strings.Cut(strings.TrimRight(line, "\r"), "|")
	if !ok || strings.HasPrefix(line, "_e{") || strings.HasPrefix(line, "_sc|") {
		return ""
	}
	name, values, ok := strings.Cut(head, ":")
	if !ok || name == "" {
		return ""
	}
	kind, rest, _ := strings.Cut(rest, "|")
	if kind != "c" && kind != "g" {
		return ""
	}
	rate, tags := 1.0, ""
	for field := range strings.SplitSeq(rest, "|") {
		if text, ok := strings.CutPrefix(field, "@"); ok {
			if v, err := strconv.ParseFloat(text, 64); err == nil && v > 0 && v <= 1 {
				rate = v
			}
		}
		if text, ok := strings.CutPrefix(field, "#"); ok {
			tags = spokenTags(text)
		}
	}
	if name += tags; len(name) > nameBytes {
		return ""
	}
	for text := range strings.SplitSeq(values, ":") {
		v, err := strconv.ParseFloat(text, 64)
		switch {
		case err != nil || math.IsNaN(v) || math.IsInf(v, 0):
		case kind == "g":
			delete(r, name) // the last value counts
			r.add(KindStatsD, name, v, true)
		default:
			r.add(KindStatsD, name, v/rate, false)
		}
	}
	if _, kept := r[name]; !kept {
		return ""
	}
	return name
}

// spokenTags writes the tags that say what a counter speaks of.
func spokenTags(text string) string {
	var kept []string
	for tag := range strings.SplitSeq(text, ",") {
		if key, _, ok := strings.Cut(tag, ":"); ok && spoken(key) {
			kept = append(kept, tag)
		}
	}
	if len(kept) == 0 {
		return ""
	}
	slices.Sort(kept)
	return "|#" + strings.Join(kept, ",")
}
