package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"
)

// When a payload is sent on: at 3.2 MB as the real agent does
// (pkg/trace/writer/trace.go), and after a fifth of a second where the real
// agent takes five seconds, so that a run's account closes soon.
const (
	flushBytes = 3_200_000
	flushAfter = 200 * time.Millisecond
)

// bufferBytesMax bounds what waits for an intake that is slow or away.
const bufferBytesMax = 64 << 20

// Bounds on talking to the intake.
const (
	sendWithin   = 10 * time.Second
	retryFirst   = 50 * time.Millisecond
	retryLast    = 2 * time.Second
	answerMaxLen = 64 << 10
)

// outgoing is one AgentPayload in the making.
type outgoing struct {
	body          []byte
	traces, spans uint64
}

// forwarder collects tracer payloads and sends them to the intake, one
// AgentPayload after the other, until the intake took each or said that it
// never will.
type forwarder struct {
	waiter waiter
	url    string // "" forwards nowhere
	count  *counters
	http   *http.Client
	pack   *zstd.Encoder

	// sending ends what is being sent, when the time to hand over is up.
	sending context.Context
	hangUp  context.CancelFunc

	wake chan struct{} // something to look at
	done chan struct{} // run has returned

	mu     sync.Mutex
	open   outgoing
	opened time.Time
	full   []outgoing // in order
	bytes  int        // in full and in flight
	spare  []byte     // the buffer of a payload that was delivered
	ending bool
}

func newForwarder(intake string, count *counters) *forwarder {
	f := &forwarder{count: count, wake: make(chan struct{}, 1), done: make(chan struct{})}
	f.sending, f.hangUp = context.WithCancel(context.Background()) // each send has a timeout of its own
	if intake != "" {
		f.url = strings.TrimRight(intake, "/") + "/api/v0.2/traces"
	}
	f.http = &http.Client{
		Timeout:       sendWithin,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 2, IdleConnTimeout: idleFor, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	// An encoder with these options is never refused, and EncodeAll needs no writer.
	f.pack, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	return f
}

// add takes an encoded element of AgentPayload.tracerPayloads; it keeps a copy.
func (f *forwarder) add(payload []byte, traces, spans uint64) {
	if f.url == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.ending:
		f.count.drop(notFlushed, traces, spans)
		return
	case f.bytes+len(f.open.body)+len(payload) > bufferBytesMax:
		f.count.drop(queueFull, traces, spans)
		return
	}
	if f.open.traces == 0 {
		f.open.body = appendHead(f.spare[:0])
		f.spare = nil
		f.opened = time.Now()
		f.look()
	}
	f.open.body = append(f.open.body, payload...)
	f.open.traces += traces
	f.open.spans += spans
	if len(f.open.body) >= flushBytes {
		f.cut()
		f.look()
	}
}

// appendHead appends what an AgentPayload begins with: hostName, env, agentVersion.
func appendHead(dst []byte) []byte {
	for _, field := range []struct {
		number protowire.Number
		text   string
	}{{1, "spanstorm"}, {2, "none"}, {7, Version}} {
		dst = protowire.AppendTag(dst, field.number, protowire.BytesType)
		dst = protowire.AppendString(dst, field.text)
	}
	return dst
}

// cut closes the open payload. The lock is held.
func (f *forwarder) cut() {
	if f.open.traces > 0 {
		f.full = append(f.full, f.open)
		f.bytes += len(f.open.body)
		f.open = outgoing{}
	}
}

// look wakes run up.
func (f *forwarder) look() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// run sends until close, then sends the rest and returns.
func (f *forwarder) run() {
	defer close(f.done)
	for {
		next, wait, ending := f.next()
		switch {
		case next.traces > 0:
			f.deliver(next)
			continue
		case ending:
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-f.wake:
			timer.Stop()
		}
	}
}

// next is the payload to send now, or how long until there may be one.
func (f *forwarder) next() (next outgoing, wait time.Duration, ending bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ending = f.ending
	if left := flushAfter - time.Since(f.opened); f.open.traces > 0 && (ending || left <= 0) {
		f.cut()
	} else {
		wait = left
	}
	if len(f.full) > 0 {
		next, f.full = f.full[0], f.full[1:]
		return next, 0, ending
	}
	if f.open.traces == 0 {
		wait = time.Hour // add wakes us
	}
	return next, wait, ending
}

// deliver sends one payload until it is taken.
func (f *forwarder) deliver(p outgoing) {
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.bytes -= len(p.body)
		f.spare = p.body
	}()
	packed := f.pack.EncodeAll(p.body, nil)
	backoff := retryFirst
	for {
		err := f.send(packed, p.traces)
		switch {
		case err == nil:
			w := &f.count.written
			w.payloads.Add(1)
			w.traces.Add(p.traces)
			w.spans.Add(p.spans)
			w.bytes.Add(uint64(len(packed)))
			w.bytesUnpacked.Add(uint64(len(p.body)))
			return
		case errors.Is(err, errRejected):
			slog.Warn("traces are lost: the intake will not take them", "traces", p.traces, "err", err)
			f.count.written.errors.Add(1)
			f.count.drop(intakeRejected, p.traces, p.spans)
			return
		}
		f.count.written.errors.Add(1)
		if backoff == retryFirst { // once a payload, and those wait for each other
			slog.Warn("the intake did not take traces; trying again", "traces", p.traces, "err", err)
		}
		if !f.waiter.pause(f.sending, backoff) {
			f.count.drop(notFlushed, p.traces, p.spans)
			return
		}
		f.count.written.retries.Add(1)
		backoff = min(2*backoff, retryLast)
	}
}

// errRejected says that the intake will never take a payload.
var errRejected = errors.New("the intake rejected the payload")

func (f *forwarder) send(packed []byte, traces uint64) error {
	q, err := http.NewRequestWithContext(f.sending, http.MethodPost, f.url, bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("%w: %w", errRejected, err)
	}
	q.Header.Set("Content-Type", "application/x-protobuf")
	q.Header.Set("Content-Encoding", "zstd")
	q.Header.Set("User-Agent", "Datadog Trace Agent/"+Version)
	q.Header.Set("X-Datadog-Trace-Count", strconv.FormatUint(traces, 10))
	answer, err := f.http.Do(q)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, answerMaxLen)) // so that the connection lives on
	_ = answer.Body.Close()
	switch code := answer.StatusCode; {
	case code/100 == 2:
		return nil
	case code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= 500:
		return fmt.Errorf("the intake answered %s", answer.Status)
	default:
		return fmt.Errorf("%w: %s", errRejected, answer.Status)
	}
}

// close sends the rest, as long as ctx lasts. The error says how much of it
// the intake did not take.
func (f *forwarder) close(ctx context.Context) error {
	defer f.hangUp()
	defer context.AfterFunc(ctx, f.hangUp)()
	before := f.count.tracesDropped[notFlushed].Load()
	f.mu.Lock()
	f.ending = true
	f.mu.Unlock()
	f.look()
	<-f.done // hanging up fails what is left at once
	if n := f.count.tracesDropped[notFlushed].Load() - before; n > 0 {
		return fmt.Errorf("hand over what the agent holds: the intake at %s did not take %d traces in time", f.url, n)
	}
	return nil
}
