package intake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/results"
)

// The control endpoint:
//
//	POST /run       {"run_key": "32 hex digits", "layout": {"chunk_bits": 5, "span_bits": 8}}
//	GET  /progress  JSON, Progress
//	GET  /arrivals  the binary message of ledger.Arrivals; 409 before there is a key
//	GET  /samples   JSON, a list of Sample
//	GET  /moments   when chunks came out, in binary: see momentsHead; 409 before there is a key
//	POST /trouble   JSON, Trouble: what agents meet from now on
//	POST /wanted    {"ordinals": [4711]}: chunks that are to be cut out
//	GET  /cutouts   JSON lines, a CutOut each
const (
	controlRun      = "/run"
	controlProgress = "/progress"
	controlArrivals = "/arrivals"
	controlSamples  = "/samples"
	controlMoments  = "/moments"
	controlTrouble  = "/trouble"
	controlWanted   = "/wanted"
	controlCutOuts  = "/cutouts"
)

const runBytesMax = 4 << 10

// runMessage is the body of POST /run.
type runMessage struct {
	RunKey string         `json:"run_key"`
	Layout results.Layout `json:"layout"`
}

// Progress is how far an intake is.
type Progress struct {
	// Complete counts chunks of which every span came, in one piece or in several
	// that could be joined, each once.
	Complete uint64 `json:"complete"`
	// Chunks and Spans count everything of the run's that came, repeats included.
	Chunks uint64 `json:"chunks"`
	Spans  uint64 `json:"spans"`
	// Foreign counts chunks of which no span is the run's.
	Foreign uint64 `json:"foreign"`
	// Probe says that the trace that checks the path has come.
	Probe             bool  `json:"probe"`
	LastArrivalUnixNS int64 `json:"last_arrival_unix_ns"` // 0: none yet

	Payloads           uint64 `json:"payloads"`            // of traces, answered 2xx
	PayloadBytes       uint64 `json:"payload_bytes"`       // of those, as they came
	UnkeyedPayloads    uint64 `json:"unkeyed_payloads"`    // before there was a key: counted, not looked at
	MalformedPayloads  uint64 `json:"malformed_payloads"`  // could not be read, answered 4xx
	UnansweredPayloads uint64 `json:"unanswered_payloads"` // read, and the sender was gone
	StatsPayloads      uint64 `json:"stats_payloads"`
	// Forms are the payloads of traces by what they are of and how they were packed, as
	// "idxTracerPayloads, zstd".
	Forms map[string]uint64 `json:"forms"`
	// OtherRequests counts everything else, by method and path.
	OtherRequests map[string]uint64 `json:"other_requests"`
}

// Progress says how far the intake is.
func (s *Server) Progress() Progress {
	p := Progress{
		Payloads:           s.other.payloads.Load(),
		PayloadBytes:       s.other.bytes.Load(),
		UnkeyedPayloads:    s.other.unkeyed.Load(),
		MalformedPayloads:  s.other.malformed.Load(),
		UnansweredPayloads: s.other.unanswered.Load(),
		StatsPayloads:      s.other.stats.Load(),
		OtherRequests:      s.other.copied(&s.other.paths),
		Forms:              s.other.copied(&s.other.forms),
	}
	if run := s.run.Load(); run != nil {
		run.mu.Lock()
		defer run.mu.Unlock()
		a := run.arrivals
		p.Complete, p.Chunks, p.Spans = a.Whole(), a.Chunks, a.Spans
		p.Foreign, p.Probe, p.LastArrivalUnixNS = a.Foreign.Traces, a.Probes > 0, a.LastUnixNS
	}
	return p
}

func (s *Server) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+controlRun, s.serveRun)
	mux.HandleFunc("GET "+controlProgress, func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, s.Progress())
	})
	mux.HandleFunc("GET "+controlArrivals, s.serveArrivals)
	mux.HandleFunc("GET "+controlMoments, s.serveMoments)
	mux.HandleFunc("POST "+controlTrouble, s.serveTrouble)
	mux.HandleFunc("POST "+controlWanted, s.serveWanted)
	mux.HandleFunc("GET "+controlCutOuts, s.serveCutOuts)
	mux.HandleFunc("GET "+controlSamples, func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, s.Samples())
	})
	return mux
}

func (s *Server) serveRun(w http.ResponseWriter, r *http.Request) {
	key, layout, err := decodeRun(http.MaxBytesReader(w, r.Body, runBytesMax))
	if err == nil {
		err = s.SetRun(key, layout)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) serveArrivals(w http.ResponseWriter, _ *http.Request) {
	message, err := settled(s, func(run *keyed) ([]byte, error) { return run.arrivals.MarshalBinary() })
	serveMessage(w, message, err)
}

// settled makes something of what came, such as a message, everything that was answered
// included. Agents wait meanwhile: a copy of a long run's account would take as much
// memory again. It is ErrNoRun before there is a key.
func settled[T any](s *Server, of func(*keyed) (T, error)) (made T, err error) {
	run := s.run.Load()
	if run == nil {
		return made, ErrNoRun
	}
	s.commit.Lock()
	defer s.commit.Unlock()
	run.mu.Lock()
	defer run.mu.Unlock()
	return of(run)
}

// serveMessage answers with a message in binary, and says how long it is: whoever reads
// it needs no more memory than that.
func serveMessage(w http.ResponseWriter, message []byte, err error) {
	switch {
	case errors.Is(err, ErrNoRun):
		http.Error(w, err.Error(), http.StatusConflict)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(message)))
	_, _ = w.Write(message) // a client that is gone does not need it
}

func writeJSON(w http.ResponseWriter, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(w, fmt.Sprintf("encode the answer: %v", err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(text, '\n')) // as above
}

func wireLayout(l identity.Layout) results.Layout {
	return results.Layout{ChunkBits: l.ChunkBits, SpanBits: l.SpanBits}
}
