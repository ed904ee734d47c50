package process

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
)

const (
	tailLines     = 40
	tailLineBytes = 400
)

// Tail keeps the last lines of what is written to it, in bounded memory.
type Tail struct {
	mu        sync.Mutex
	lines     []string // a ring
	next      int
	partial   []byte // the line that is not finished
	cut       bool   // partial is longer than kept
	most      int
	lineBytes int
}

// NewTail keeps at most the given number of lines, each cut to lineBytes.
func NewTail(lines, lineBytes int) *Tail {
	return &Tail{most: max(lines, 1), lineBytes: max(lineBytes, 1)}
}

// Write never fails.
func (t *Tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(b)
	for {
		line, rest, whole := bytes.Cut(b, []byte{'\n'})
		room := t.lineBytes - len(t.partial)
		if len(line) > room {
			line, t.cut = line[:room], true
		}
		t.partial = append(t.partial, line...)
		if !whole {
			return n, nil
		}
		t.push(t.finish())
		t.partial, t.cut = t.partial[:0], false
		b = rest
	}
}

func (t *Tail) push(line string) {
	if len(t.lines) < t.most {
		t.lines = append(t.lines, line)
		return
	}
	t.lines[t.next] = line
	t.next = (t.next + 1) % t.most
}

// finish turns the line at hand into text.
func (t *Tail) finish() string {
	line := strings.ToValidUTF8(string(bytes.TrimSuffix(t.partial, []byte{'\r'})), "\uFFFD")
	if t.cut {
		line += " …"
	}
	return line
}

// Lines returns what is kept, oldest first, an unfinished last line included.
func (t *Tail) Lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := make([]string, 0, len(t.lines)+1)
	lines = append(lines, t.lines[t.next:]...)
	lines = append(lines, t.lines[:t.next]...)
	if len(t.partial) > 0 {
		lines = append(lines, t.finish())
	}
	if len(lines) > t.most {
		lines = lines[len(lines)-t.most:]
	}
	return lines
}

// Log passes on what is written to it up to a bound, then says so once and
// drops the rest. It may be shared by several writers, and its Write never
// fails: a full disk must not stop the process whose log this is.
type Log struct {
	mu    sync.Mutex
	to    io.Writer
	left  int64
	limit int64
	err   error
}

// NewLog writes at most limit bytes to w, and one line about the rest.
func NewLog(w io.Writer, limit int64) *Log {
	return &Log{to: w, left: limit, limit: limit}
}

// Write keeps what fits. It always returns len(b) and no error; see [Log.Err].
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil || l.left < 0 {
		return len(b), nil
	}
	if int64(len(b)) <= l.left {
		l.left -= int64(len(b))
		_, l.err = l.to.Write(b)
		return len(b), nil
	}
	if _, l.err = l.to.Write(b[:l.left]); l.err == nil {
		_, l.err = fmt.Fprintf(l.to, "\n[log cut here: %d bytes is all that is kept]\n", l.limit)
	}
	l.left = -1
	return len(b), nil
}

// Err is the first error of the writer below, after which nothing was kept.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// fork writes to both and never fails: os/exec stops reading a child's output
// at the first error, and the child would then block or die of it.
type fork struct {
	tail *Tail
	to   io.Writer
}

func (f fork) Write(b []byte) (int, error) {
	if f.tail != nil {
		_, _ = f.tail.Write(b)
	}
	if f.to != nil {
		_, _ = f.to.Write(b)
	}
	return len(b), nil
}
