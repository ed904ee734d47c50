package intake

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Form is the message that the body of a [CutOut] is.
type Form string

// The forms.
const (
	FormChunk Form = "chunk" // a TraceChunk, as it came
	FormIdx   Form = "idx"   // an idx.TracerPayload of the one chunk and its texts, which are valid UTF-8
	FormOTLP  Form = "otlp"  // a TracesData of the chunk's spans, with their resources and scopes
)

// CutOut is a chunk that was wanted, cut out of the payload in which it came;
// one whose spans came in pieces is several.
type CutOut struct {
	Ordinal uint64 `json:"ordinal"`
	Form    Form   `json:"form"`
	Body    []byte `json:"body"` // protobuf; base64 in JSON
}

// Bounds on what is cut out. Of the room, chunks that are large get at most half:
// they are not to take that of all others.
const (
	cutBytesMax  = 32 << 20 // of all
	cutLarge     = 64 << 10 // bytes of a chunk that is large
	cutPiecesMax = 64       // of a chunk
	wantedMax    = 1 << 16
)

// cuts are the chunks that are wanted, and what was cut out so far.
type cuts struct {
	wanted map[uint64]struct{} // not changed any more
	pieces map[uint64]int      // kept of a chunk; cutPiecesMax of one that came whole
	bytes  int
	large  int // bytes of those that are large
	kept   []CutOut
}

// cut is a chunk that is wanted, where it stands in a payload.
type cut struct {
	ordinal uint64
	whole   bool
	message []byte // the chunk in an AgentPayload
	tracer  []byte // the idx.TracerPayload that it is of; nil for none
}

// want notes the chunk if it is wanted: what it costs those that are not is a
// look into a map.
func (b *batch) want(ordinal uint64, whole bool, c *chunk) {
	if _, ok := b.wanted[ordinal]; !ok || c.dropped {
		return
	}
	for _, known := range b.cuts { // its spans may stand between those of others
		if known.ordinal == ordinal && same(known.message, c.message) {
			return
		}
	}
	b.cuts = append(b.cuts, cut{ordinal, whole, c.message, c.tracer})
}

// same says that two messages are one, in one place; in OTLP, where a chunk is no
// message, all are.
func same(a, b []byte) bool {
	return len(a) == 0 && len(b) == 0 || len(a) > 0 && len(b) > 0 && &a[0] == &b[0]
}

// keep takes what was cut out of one payload. The first that comes of a chunk is
// kept, whole or piece by piece.
func (k *cuts) keep(list []CutOut, whole func(i int) bool) {
	for i, c := range list {
		large := 0
		if len(c.Body) > cutLarge {
			large = len(c.Body)
		}
		if len(c.Body) == 0 || k.pieces[c.Ordinal] >= cutPiecesMax || k.bytes+len(c.Body) > cutBytesMax || k.large+large > cutBytesMax/2 {
			continue
		}
		k.kept = append(k.kept, c)
		k.bytes, k.large = k.bytes+len(c.Body), k.large+large
		k.pieces[c.Ordinal]++
		if whole(i) {
			k.pieces[c.Ordinal] = cutPiecesMax
		}
	}
}

// cutChunks cuts what a batch wants out of the AgentPayload that it is of.
func cutChunks(b *batch, _ []byte) []CutOut {
	var out []CutOut
	var texts []string
	var of []byte // the payload whose texts they are
	for _, c := range b.cuts {
		if c.tracer == nil {
			out = append(out, CutOut{c.ordinal, FormChunk, slices.Clone(c.message)})
			continue
		}
		if of == nil || !same(of, c.tracer) {
			texts, of = textsOf(c.tracer), c.tracer
		}
		body, err := cutIdx(c.message, texts)
		if err != nil { // no chunk to a full decoder
			body = nil
		}
		out = append(out, CutOut{c.ordinal, FormIdx, body})
	}
	return out
}

const idxTracerStrings = 1 // repeated string

// textsOf are the numbered texts of an idx.TracerPayload.
func textsOf(tracer []byte) (texts []string) {
	_ = each(tracer, idxTracerStrings, func(text []byte) error { // skimmed, so it can be read
		texts = append(texts, string(text))
		return nil
	})
	return texts
}

// cutIdx makes a payload of one chunk, and of all texts of its own those that the
// chunk refers to.
func cutIdx(message []byte, texts []string) ([]byte, error) {
	chunk := new(idx.TraceChunk)
	if err := proto.Unmarshal(message, chunk); err != nil {
		return nil, err
	}
	p := &idx.TracerPayload{Strings: texts, Chunks: []*idx.TraceChunk{chunk}}
	p.CompactStrings() // makes a list of its own
	for i, text := range p.Strings {
		p.Strings[i] = strings.ToValidUTF8(text, "\uFFFD")
	}
	return proto.Marshal(p)
}

// Field numbers of what stands beside spans in OTLP.
const (
	resourceResource = 1 // of ResourceSpans
	scopeScope       = 1 // of ScopeSpans
)

// cutSpans cuts what a batch wants out of the ExportTraceServiceRequest that it is
// of: by span ids, for not all that has a trace's id need be of the chunk.
func cutSpans(b *batch, payload []byte) []CutOut {
	if len(b.cuts) == 0 {
		return nil
	}
	at := map[uint64]int{}
	out := make([]CutOut, len(b.cuts))
	for i, c := range b.cuts {
		out[i] = CutOut{Ordinal: c.ordinal, Form: FormOTLP}
		at[c.ordinal] = i
	}
	_ = each(payload, requestResources, func(resource []byte) error { // skimmed, so it can be read
		return each(resource, resourceScopes, func(scope []byte) error {
			spans := map[uint64][]byte{} // of this scope, by ordinal
			err := each(scope, scopeSpans, func(span []byte) error {
				_, id, err := otlpSpan(span)
				ordinal, _, _, ours := b.codec.SpanOf(id)
				if _, wanted := at[ordinal]; ours && wanted {
					spans[ordinal] = appendMessage(spans[ordinal], scopeSpans, span)
				}
				return err
			})
			for _, ordinal := range slices.Sorted(maps.Keys(spans)) {
				inScope := append(appendField(nil, scope, scopeScope), spans[ordinal]...)
				inResource := appendMessage(appendField(nil, resource, resourceResource), resourceScopes, inScope)
				body := &out[at[ordinal]].Body
				*body = appendMessage(*body, requestResources, inResource)
			}
			return err
		})
	})
	return out
}

// appendMessage appends a field that is a message.
func appendMessage(to []byte, field protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, field, protowire.BytesType), message)
}

// appendField appends a field of a message as it stands there.
func appendField(to, message []byte, field protowire.Number) []byte {
	_ = each(message, field, func(value []byte) error {
		to = appendMessage(to, field, value)
		return nil
	})
	return to
}

// Want has the chunks of those ordinals cut out of what comes from now on, in
// place of any that were wanted before.
func (s *Server) Want(ordinals []uint64) error {
	run := s.run.Load()
	switch {
	case run == nil:
		return fmt.Errorf("want chunks: %w", ErrNoRun)
	case len(ordinals) > wantedMax:
		return fmt.Errorf("want chunks: %d are more than the %d that an intake looks for", len(ordinals), wantedMax)
	}
	k := &cuts{wanted: make(map[uint64]struct{}, len(ordinals)), pieces: map[uint64]int{}}
	for _, o := range ordinals {
		k.wanted[o] = struct{}{}
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	run.cuts.Store(k)
	return nil
}

// CutOuts are the chunks that were wanted and have come, in the order in which
// they came; everything that was answered is in them.
func (s *Server) CutOuts() []CutOut {
	list := []CutOut{}
	run := s.run.Load()
	if run == nil {
		return list
	}
	s.commit.Lock()
	defer s.commit.Unlock()
	run.mu.Lock()
	defer run.mu.Unlock()
	if k := run.cuts.Load(); k != nil {
		list = append(list, k.kept...)
	}
	return list
}

// wantedMessage is the body of POST /wanted.
type wantedMessage struct {
	Ordinals []uint64 `json:"ordinals"`
}

const wantedBytesMax = 2 << 20

// serveCutOuts writes one after the other: together they would be in memory twice.
func (s *Server) serveCutOuts(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/jsonl")
	lines := json.NewEncoder(w)
	for _, c := range s.CutOuts() {
		if lines.Encode(c) != nil {
			return // a client that has gone does not need them
		}
	}
}

func (s *Server) serveWanted(w http.ResponseWriter, r *http.Request) {
	var m wantedMessage
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, wantedBytesMax)).Decode(&m)
	if err == nil {
		err = s.Want(m.Ordinals)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
