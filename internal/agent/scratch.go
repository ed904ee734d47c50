package agent

import (
	"bytes"
	"errors"
	"io"
	"sync"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/tinylib/msgp/msgp"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
)

// keepBytes bounds the buffers that are kept for the next request.
const keepBytes = 1 << 20

// work is what one request is dealt with in: memory that the next one uses again.
type work struct {
	body bytes.Buffer
	decode.Decoder
	kept []*pb.TraceChunk // those of the payload that go on
	out  []byte           // the payload as it is forwarded
}

// scratch hands out work.
type scratch struct{ pool sync.Pool }

func (s *scratch) get() *work {
	if w, ok := s.pool.Get().(*work); ok {
		return w
	}
	return new(work)
}

// put takes w back, and all that was decoded in it.
func (s *scratch) put(w *work) {
	if w.body.Cap() > keepBytes || cap(w.out) > keepBytes {
		return
	}
	w.Reset()
	clear(w.kept)
	w.kept = w.kept[:0]
	w.body.Reset()
	s.pool.Put(w)
}

// whyUndecodable is the reason that an error of decoding counts under.
func whyUndecodable(err error) reason {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return unexpectedEOF
	case errors.Is(err, msgp.ErrShortBytes):
		return msgpShortBytes
	}
	return decodingError
}
