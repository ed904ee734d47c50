package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Bounds on one payload. Agents send up to 3.2 MB, or one giant trace of up to
// the 25 MiB that their own receiver takes.
const (
	packedBytesMax   = 32 << 20
	unpackedBytesMax = 128 << 20
)

// keepBytesMax is the largest buffer that waits for the next payload.
const keepBytesMax = 8 << 20

var (
	errTooLarge    = errors.New("the payload is too large")
	errEncoding    = errors.New("unknown Content-Encoding")
	errContentType = errors.New("unknown Content-Type")
)

// unpackers are what payloads are read with; each serves one at a time. The
// zero value is ready.
type unpackers struct {
	max                 int64 // bytes of an unpacked payload; 0 means unpackedBytesMax
	gzip, zstd, buffers sync.Pool
}

func (u *unpackers) limit() int64 {
	if u.max > 0 {
		return u.max
	}
	return unpackedBytesMax
}

func (u *unpackers) buffer() *bytes.Buffer {
	if b, ok := u.buffers.Get().(*bytes.Buffer); ok {
		b.Reset()
		return b
	}
	return new(bytes.Buffer)
}

func (u *unpackers) release(b *bytes.Buffer) {
	if b.Cap() <= keepBytesMax {
		u.buffers.Put(b)
	}
}

// readAll fills into with all of r, of which there may be limit bytes.
func readAll(into *bytes.Buffer, r io.Reader, limit int64) error {
	n, err := into.ReadFrom(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return err
	case n > limit:
		return fmt.Errorf("%w: more than %d bytes", errTooLarge, limit)
	}
	return nil
}

// unpack undoes a Content-Encoding: none, identity, gzip or zstd. The result
// is packed itself or lies in into.
func (u *unpackers) unpack(into *bytes.Buffer, packed []byte, encoding string) ([]byte, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return packed, nil
	case "gzip":
		if err := u.gunzip(into, packed); err != nil {
			return nil, fmt.Errorf("unpack gzip: %w", err)
		}
	case "zstd":
		if err := u.unzstd(into, packed); err != nil {
			return nil, fmt.Errorf("unpack zstd: %w", err)
		}
	default:
		return nil, fmt.Errorf("%w %q; known are gzip, zstd and identity", errEncoding, encoding)
	}
	return into.Bytes(), nil
}

func (u *unpackers) gunzip(into *bytes.Buffer, packed []byte) error {
	r, ok := u.gzip.Get().(*gzip.Reader)
	if !ok {
		r = new(gzip.Reader)
	}
	if err := r.Reset(bytes.NewReader(packed)); err != nil {
		return err
	}
	defer u.gzip.Put(r)
	return readAll(into, r, u.limit())
}

func (u *unpackers) unzstd(into *bytes.Buffer, packed []byte) error {
	d, ok := u.zstd.Get().(*zstd.Decoder)
	if !ok {
		var err error
		d, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(unpackedBytesMax))
		if err != nil {
			return err
		}
	}
	if err := d.Reset(bytes.NewReader(packed)); err != nil {
		return err
	}
	defer u.zstd.Put(d)
	return readAll(into, d, u.limit())
}

// statusOf is the code for a body that cannot be read.
func statusOf(err error) int {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, errTooLarge), errors.As(err, &tooLarge), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, errEncoding), errors.Is(err, errContentType):
		return http.StatusUnsupportedMediaType
	}
	return http.StatusBadRequest
}
