package intake

import (
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/spanstorm/spanstorm/internal/identity"
)

// Where agents post traces and statistics (datadog-agent, pkg/trace/writer:
// pathTraces, pathStats).
const (
	pathTraces = "/api/v0.2/traces"
	pathStats  = "/api/v0.2/stats"
)

// drainBytesMax is how much of a body that nobody reads is read all the same,
// so that its connection can be used again.
const drainBytesMax = 32 << 20

// pathsMax bounds the other paths that are counted one by one.
const pathsMax = 64

// counters are what is counted besides arrivals.
type counters struct {
	payloads   atomic.Uint64 // of traces, answered 2xx
	bytes      atomic.Uint64 // of those, as they came
	unkeyed    atomic.Uint64 // of traces, before there was a key
	malformed  atomic.Uint64 // of traces, that could not be read
	unanswered atomic.Uint64 // of traces, whose answer could not be written
	stats      atomic.Uint64 // of statistics, with a key or without

	mu    sync.Mutex
	paths map[string]uint64 // everything else, by method and path
	forms map[string]uint64 // payloads, by how they were written; a handful
}

// form counts a payload by what it is of, and how it was packed.
func (c *counters) form(of, packed string) {
	if packed == "" {
		packed = "identity"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forms == nil {
		c.forms = map[string]uint64{}
	}
	c.forms[of+", "+packed]++
}

func (c *counters) path(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paths == nil {
		c.paths = map[string]uint64{}
	}
	if _, known := c.paths[name]; !known && len(c.paths) >= pathsMax {
		name = "other"
	}
	c.paths[name]++
}

// copied is a copy of paths or forms.
func (c *counters) copied(of *map[string]uint64) map[string]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]uint64{}
	maps.Copy(out, *of)
	return out
}

func (s *Server) dataHandler() http.Handler {
	mux := http.NewServeMux()
	for path, p := range map[string]protocol{pathTraces: datadog(), pathOTLP: otlp()} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { s.traces(p, w, r) })
	}
	mux.HandleFunc("POST "+pathStats, s.stats)
	mux.HandleFunc("/", s.anything)
	return mux
}

// A protocol is one way in which payloads of traces come.
type protocol struct {
	takes  func(*http.Request) error // what its headers say; nil takes all
	skim   func(s *skimmer, payload []byte, visit func(chunk)) error
	form   func(*batch) string                     // what the payload is of, once it was skimmed
	cut    func(b *batch, payload []byte) []CutOut // one for each that the batch wants
	accept func(http.ResponseWriter) error
	refuse func(w http.ResponseWriter, code int, err error)
}

// datadog is how the Datadog agent forwards: an AgentPayload.
func datadog() protocol {
	return protocol{
		skim:   (*skimmer).skim,
		form:   formOf,
		cut:    cutChunks,
		accept: accept,
		refuse: func(w http.ResponseWriter, code int, err error) { http.Error(w, err.Error(), code) },
	}
}

// formOf says in which of its two forms an AgentPayload holds its traces.
func formOf(b *batch) string {
	switch {
	case b.indexed && b.plain:
		return "tracerPayloads and idxTracerPayloads"
	case b.indexed:
		return "idxTracerPayloads"
	}
	return "tracerPayloads"
}

// traces takes one payload: read, unpack, skim, answer, enter, in that order.
func (s *Server) traces(p protocol, w http.ResponseWriter, r *http.Request) {
	packed, unpacked := s.unpack.buffer(), s.unpack.buffer()
	defer s.unpack.release(packed)
	defer s.unpack.release(unpacked)
	err := readAll(packed, r.Body, packedBytesMax)
	select { // after the body has come: a slow sender does not keep others waiting
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-r.Context().Done():
		return
	}
	if err == nil && p.takes != nil {
		err = p.takes(r)
	}
	var payload []byte
	if err == nil {
		payload, err = s.unpack.unpack(unpacked, packed.Bytes(), r.Header.Get("Content-Encoding"))
	}
	if err != nil {
		s.other.malformed.Add(1)
		p.refuse(w, statusOf(err), err)
		return
	}
	run := s.run.Load()
	if run == nil {
		s.other.unkeyed.Add(1)
		_ = p.accept(w)
		return
	}
	cuts := run.cuts.Load()
	batch, skimmer := s.scratch(run.codec, cuts)
	defer s.batches.Put(&scratch{batch, skimmer})
	if err := p.skim(skimmer, payload, batch.add); err != nil {
		s.other.malformed.Add(1)
		p.refuse(w, http.StatusBadRequest, err)
		return
	}

	s.commit.RLock()
	defer s.commit.RUnlock()
	if err := p.accept(w); err != nil {
		s.other.unanswered.Add(1)
		return
	}
	s.other.payloads.Add(1)
	s.other.form(p.form(batch), r.Header.Get("Content-Encoding"))
	s.other.bytes.Add(uint64(packed.Len()))
	out := p.cut(batch, payload)
	run.mu.Lock()
	defer run.mu.Unlock()
	run.enter(batch)
	if len(out) > 0 {
		cuts.keep(out, func(i int) bool { return batch.cuts[i].whole })
	}
	run.samples.offer(r, packed.Bytes())
}

// scratch is what skimming one payload needs.
type scratch struct {
	batch   *batch
	skimmer *skimmer
}

func (s *Server) scratch(codec *identity.Codec, k *cuts) (*batch, *skimmer) {
	sc, ok := s.batches.Get().(*scratch)
	if !ok {
		sc = &scratch{new(batch), new(skimmer)}
	}
	var wanted map[uint64]struct{}
	if k != nil {
		wanted = k.wanted
	}
	sc.batch.reset(codec, wanted)
	return sc.batch, sc.skimmer
}

// stats counts one payload of statistics.
func (s *Server) stats(w http.ResponseWriter, r *http.Request) {
	if !drain(w, r) || accept(w) != nil {
		return
	}
	s.other.stats.Add(1)
	if run := s.run.Load(); run != nil {
		run.mu.Lock()
		defer run.mu.Unlock()
		run.arrivals.StatsPayloads++
	}
}

// anything answers whatever else agents ask for, so that they stay calm:
// validation of their key, telemetry, metadata, connectivity checks.
func (s *Server) anything(w http.ResponseWriter, r *http.Request) {
	s.other.path(r.Method + " " + r.URL.Path)
	if !drain(w, r) {
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		_ = answer(w, http.StatusOK, jsonType, `{"valid":true}`)
		return
	}
	_ = accept(w)
}

// drain reads a body that nobody needs.
func drain(w http.ResponseWriter, r *http.Request) bool {
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, drainBytesMax)); err != nil {
		http.Error(w, err.Error(), statusOf(err))
		return false
	}
	return true
}

const jsonType = "application/json"

func accept(w http.ResponseWriter) error { return answer(w, http.StatusAccepted, jsonType, "{}") }

// answer writes a whole answer and hands it to the kernel.
func answer(w http.ResponseWriter, code int, contentType, body string) error {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	if _, err := io.WriteString(w, body); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}
