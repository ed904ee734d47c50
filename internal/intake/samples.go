package intake

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"google.golang.org/protobuf/proto"
)

// SampleBytesMax bounds the payloads that are kept whole, all together.
const SampleBytesMax = 64 << 20

// Sample is one payload as an agent sent it.
type Sample struct {
	Path   string      `json:"path"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"` // as it came, packed; base64 in JSON
}

// Decode reads an AgentPayload in full with the agent's own types.
func (s Sample) Decode() (*pb.AgentPayload, error) {
	if s.Path == pathOTLP {
		return nil, errors.New("decode a sampled payload: it is OTLP, not an AgentPayload")
	}
	var u unpackers
	var into bytes.Buffer
	body, err := u.unpack(&into, s.Body, s.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, fmt.Errorf("decode a sampled payload: %w", err)
	}
	payload := new(pb.AgentPayload)
	if err := proto.Unmarshal(body, payload); err != nil {
		return nil, fmt.Errorf("decode a sampled payload: %w", err)
	}
	return payload, nil
}

// samples are the first payloads of a run.
type samples struct {
	max   int
	bytes int
	kept  []Sample
}

func (s *samples) offer(r *http.Request, body []byte) {
	if len(s.kept) >= s.max || s.bytes+len(body) > SampleBytesMax {
		return
	}
	s.bytes += len(body)
	s.kept = append(s.kept, Sample{Path: r.URL.Path, Header: r.Header.Clone(), Body: bytes.Clone(body)})
}

// Samples are the payloads that were kept, in the order of their arrival.
func (s *Server) Samples() []Sample {
	run := s.run.Load()
	if run == nil {
		return []Sample{}
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	return append([]Sample{}, run.samples.kept...)
}
