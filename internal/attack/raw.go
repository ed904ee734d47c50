package attack

import (
	"bufio"
	"fmt"
	"io"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Raw keeps every result as the vegeta CLI reads it. All phases of a run share
// one: a second encoder on the same file would describe its type again, which
// no decoder takes.
type Raw struct {
	buf    *bufio.Writer
	encode vegeta.Encoder
	err    error // the first; after it nothing is kept
}

// NewRaw writes results to w.
func NewRaw(w io.Writer) *Raw {
	buf := bufio.NewWriterSize(w, 256<<10)
	return &Raw{buf: buf, encode: vegeta.NewEncoder(buf)}
}

// keep writes one result, unless one before it could not be written.
func (r *Raw) keep(res *vegeta.Result) {
	if r.err == nil {
		r.err = r.encode(res)
	}
}

// flush ends a phase.
func (r *Raw) flush() error {
	if r.err == nil {
		r.err = r.buf.Flush()
	}
	if r.err != nil {
		return fmt.Errorf("write raw results: %w", r.err)
	}
	return nil
}
