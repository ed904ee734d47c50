package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
)

// receiver is the HTTP side of the agent.
type receiver struct {
	dials   Dials
	trouble *trouble
	forward *forwarder
	count   *counters
	scratch scratch
	turns   chan struct{} // one for each payload that is decoded at a time
	within  time.Duration // for a body to come
}

func newReceiver(d Dials) *receiver {
	count := &counters{began: time.Now()}
	return &receiver{
		dials:   d,
		trouble: newTrouble(d),
		forward: newForwarder(d.Intake, count),
		count:   count,
		turns:   make(chan struct{}, max(1, runtime.GOMAXPROCS(0))),
		within:  bodyWithin,
	}
}

// pathClock winds the clock that stalls go by; it is no part of the trace API.
const pathClock = "/debug/clock"

// servicesPath is where a version takes services; empty for those that do not.
func servicesPath(api decode.API) string {
	if api == decode.V03 || api == decode.V04 {
		return "/" + string(api) + "/services"
	}
	return ""
}

// endpoints are the paths of the trace API that are taken.
func (r *receiver) endpoints() []string {
	var paths []string
	for _, api := range r.dials.apis() {
		paths = append(paths, api.Path())
		if services := servicesPath(api); services != "" {
			paths = append(paths, services)
		}
	}
	return paths
}

func (r *receiver) handler() http.Handler {
	mux := http.NewServeMux()
	// Like the real agent's, these paths take any method.
	for _, api := range r.dials.apis() {
		mux.HandleFunc(api.Path(), func(w http.ResponseWriter, q *http.Request) { r.traces(api, w, q) })
		if services := servicesPath(api); services != "" {
			mux.HandleFunc(services, r.services)
		}
	}
	mux.HandleFunc("/info", r.info)
	mux.HandleFunc("GET /debug/vars", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, r.count.page()) })
	mux.HandleFunc("POST "+pathClock, func(w http.ResponseWriter, _ *http.Request) {
		r.trouble.wind()
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// traces takes one payload. Trouble comes before the body is looked at, the
// latency after it was dealt with, and what makes it slower at the very end.
func (r *receiver) traces(api decode.API, w http.ResponseWriter, q *http.Request) {
	now := time.Now()
	t := r.trouble
	if t.calm.Load() {
		if r.take(api, w, q, now) {
			accepted(api, w)
		}
		return
	}
	request := t.requests.Add(1) - 1
	t.meter.tick(now)
	if left := t.stalled(t.clock.since(now)); left > 0 {
		r.count.stallsOf.Add(1)
		_ = t.waiter.pause(q.Context(), left) // an agent that is ending stands still no longer
	}
	switch {
	case t.resets(request):
		r.count.resetsMade.Add(1)
		reset(w)
		return
	case !t.bucket.take(now):
		r.refuse(w, q, http.StatusTooManyRequests, "over capacity")
		return
	case t.fails(request):
		r.count.errorsMade.Add(1)
		discard(w, q)
		http.Error(w, "an error on demand", http.StatusInternalServerError)
		return
	}
	if !r.take(api, w, q, now) {
		return
	}
	_ = t.waiter.pause(q.Context(), t.latency(request)) // whoever left no longer minds
	if t.dials.Slow > 0 {
		_ = t.waiter.pause(q.Context(), t.longer(time.Since(now)))
	}
	accepted(api, w)
}

// take reads, decodes and forwards one payload. When that fails it has
// answered, and returns false.
func (r *receiver) take(api decode.API, w http.ResponseWriter, q *http.Request, now time.Time) bool {
	format := decode.FormatOf(q.Header.Get("Content-Type"))
	d := r.scratch.get()
	defer r.scratch.put(d)
	if err := r.readBody(&d.body, w, q); err != nil {
		r.unreadable(w, q, err)
		return false
	}
	if !r.turn(q.Context()) {
		r.refuse(w, q, http.StatusTooManyRequests, "no decoder was free in time")
		return false
	}
	defer func() { <-r.turns }()
	payload, _, err := d.Decode(api, format, d.body.Bytes())
	if err != nil {
		r.count.tracesDropped[whyUndecodable(err)].Add(claimedTraces(q))
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	r.count.payloadAccepted.Add(1)
	r.count.tracesBytes.Add(uint64(d.body.Len()))
	sender(payload, api, q.Header)
	r.process(d, payload, q.Header.Get("Datadog-Meta-Lang"), now)
	if len(payload.Chunks) > 0 && !r.trouble.calm.Load() {
		r.trouble.burner.burn(q.Context())
	}
	return true
}

// turn waits for its turn to decode.
func (r *receiver) turn(ctx context.Context) bool {
	select {
	case r.turns <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(decodeWithin)
	defer timer.Stop()
	select {
	case r.turns <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// sender fills in who sends, where the API leaves that to headers.
func sender(p *pb.TracerPayload, api decode.API, header http.Header) {
	switch api {
	case decode.V03, decode.V04, decode.V05:
		p.LanguageName = header.Get("Datadog-Meta-Lang")
		p.LanguageVersion = header.Get("Datadog-Meta-Lang-Version")
		p.TracerVersion = header.Get("Datadog-Meta-Tracer-Version")
		p.ContainerID = header.Get("Datadog-Container-ID")
	case decode.V10:
		if p.ContainerID == "" {
			p.ContainerID = header.Get("Datadog-Container-ID")
		}
	}
}

// process normalises, drops, samples and forwards what was decoded.
func (r *receiver) process(d *work, payload *pb.TracerPayload, lang string, now time.Time) {
	var spans uint64
	for _, c := range payload.Chunks {
		all := uint64(len(c.GetSpans()))
		r.count.tracesReceived.Add(1)
		r.count.spansReceived.Add(all)
		if why, fine := normalize(c, lang, now, r.count); !fine {
			r.count.drop(why, 1, all)
			continue
		}
		switch {
		case c.Priority == decode.PriorityNone:
			r.count.tracesPriorityNone.Add(1)
		case c.Priority <= 0:
			r.count.tracesSampledOut.Add(1)
			r.count.spansSampled.Add(uint64(len(c.Spans)))
			continue
		}
		if r.trouble.drops(c.Spans[0].TraceID) {
			continue
		}
		d.kept = append(d.kept, c)
		spans += uint64(len(c.Spans))
	}
	if len(d.kept) == 0 {
		return
	}
	received := payload.Chunks // the decoder's, to use again
	payload.Chunks = d.kept
	d.out = appendTracerPayload(d.out[:0], payload)
	payload.Chunks = received
	r.forward.add(d.out, uint64(len(d.kept)), spans)
}

// payloadTracers is AgentPayload.tracerPayloads (agent_payload.proto).
const payloadTracers = 5

// appendTracerPayload appends one element of AgentPayload.tracerPayloads.
func appendTracerPayload(dst []byte, p *pb.TracerPayload) []byte {
	size := p.SizeVT()
	dst = protowire.AppendTag(dst, payloadTracers, protowire.BytesType)
	dst = protowire.AppendVarint(dst, uint64(size))
	dst = slices.Grow(dst, size)
	at := len(dst)
	dst = dst[:at+size]
	if n, err := p.MarshalToSizedBufferVT(dst[at:]); err != nil || n != size {
		// It fails for no input: every string was made valid when it was read.
		return dst[:0]
	}
	return dst
}

// services takes PUT /v0.3/services, and like the real agent does nothing with it.
func (r *receiver) services(w http.ResponseWriter, q *http.Request) {
	discard(w, q)
	r.count.services.Add(1)
	accepted(decode.V03, w)
}

// refuse answers that there is no room now.
func (r *receiver) refuse(w http.ResponseWriter, q *http.Request, code int, text string) {
	discard(w, q)
	r.count.payloadRefused.Add(1)
	http.Error(w, text, code)
}

// readBody reads a body, within the bounds on size and time.
func (r *receiver) readBody(body *bytes.Buffer, w http.ResponseWriter, q *http.Request) error {
	if q.ContentLength > bodyBytesMax {
		return &http.MaxBytesError{Limit: bodyBytesMax}
	}
	// The deadline is set here and not at the server, for it must not run
	// while the agent stands still on demand.
	conn := http.NewResponseController(w)
	if err := conn.SetReadDeadline(time.Now().Add(r.within)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if q.ContentLength > 0 && q.ContentLength <= keepBytes {
		body.Grow(int(q.ContentLength) + 512) // ReadFrom wants that much room to see the end
	}
	if _, err := body.ReadFrom(http.MaxBytesReader(w, q.Body, bodyBytesMax)); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// unreadable answers for a body that could not be read.
func (r *receiver) unreadable(w http.ResponseWriter, q *http.Request, err error) {
	var large *http.MaxBytesError
	code, why := http.StatusBadRequest, unexpectedEOF
	switch {
	case errors.As(err, &large):
		code, why = http.StatusRequestEntityTooLarge, payloadTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		code, why = http.StatusRequestTimeout, timeout
	}
	r.count.tracesDropped[why].Add(claimedTraces(q))
	w.Header().Set("Connection", "close") // what is left of the body is not waited for
	http.Error(w, http.StatusText(code), code)
}

// claimedTraces is how many traces a request says it holds: all that can be
// counted of a payload that cannot be read.
func claimedTraces(q *http.Request) uint64 {
	n, err := strconv.ParseUint(q.Header.Get("X-Datadog-Trace-Count"), 10, 32)
	if err != nil {
		return 0
	}
	return n
}

// discard reads a body that is not wanted, so that the connection lives on.
func discard(w http.ResponseWriter, q *http.Request) {
	conn := http.NewResponseController(w)
	_ = conn.SetReadDeadline(time.Now().Add(bodyWithin))
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, q.Body, bodyBytesMax))
	_ = conn.SetReadDeadline(time.Time{})
}

// accepted answers as the API version does (pkg/trace/api/responses.go).
func accepted(api decode.API, w http.ResponseWriter) {
	if api == decode.V03 {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "OK\n")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"rate_by_service":{"service:,env:":1}}`+"\n")
}

// reset ends the connection with RST instead of an answer, where it is TCP.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // the server's own way to end a connection
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func writeJSON(w http.ResponseWriter, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(text, '\n'))
}

func portOf(addr string) int {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return 0
	}
	return n
}
