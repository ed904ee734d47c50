package process

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// lockedBuffer is a buffer that a process may write to while a test reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestTail(t *testing.T) {
	tests := []struct {
		name   string
		writes []string
		want   []string
	}{
		{"nothing", nil, []string{}},
		{"one line", []string{"a\n"}, []string{"a"}},
		{"unfinished", []string{"a\nb"}, []string{"a", "b"}},
		{"in pieces", []string{"a", "b\nc", "\n"}, []string{"ab", "c"}},
		{"the last three", []string{"a\nb\nc\nd\ne\n"}, []string{"c", "d", "e"}},
		{"the last three, unfinished", []string{"a\nb\nc\nd"}, []string{"b", "c", "d"}},
		{"long", []string{"12345678901\n1234567890\n"}, []string{"1234567890 …", "1234567890"}},
		{"long in pieces", []string{"123456", "789012", "3\n"}, []string{"1234567890 …"}},
		{"carriage returns", []string{"a\r\nb\r\n"}, []string{"a", "b"}},
		{"no text", []string{"\xff\n"}, []string{"\uFFFD"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tail := NewTail(3, 10)
			for _, w := range tt.writes {
				if n, err := tail.Write([]byte(w)); n != len(w) || err != nil {
					t.Fatalf("Write(%q) = %d, %v", w, n, err)
				}
			}
			if diff := cmp.Diff(tt.want, tail.Lines()); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

// However a text is cut into writes, the tail is the end of the text.
func TestTailLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 5).Draw(t, "most")
		text := rapid.StringMatching(`([a-z]{0,6}\n?){0,12}`).Draw(t, "text")
		tail := NewTail(most, 100)
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			_, _ = tail.Write([]byte(rest[:n]))
			rest = rest[n:]
		}
		want := strings.Split(text, "\n")
		if want[len(want)-1] == "" {
			want = want[:len(want)-1]
		}
		if len(want) > most {
			want = want[len(want)-most:]
		}
		if diff := cmp.Diff(want, tail.Lines()); diff != "" {
			t.Fatalf("lines of %q (-want +got):\n%s", text, diff)
		}
	})
}

func TestLog(t *testing.T) {
	var b bytes.Buffer
	log := NewLog(&b, 10)
	for range 3 {
		if n, err := fmt.Fprint(log, "12345678"); n != 8 || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	if got, want := b.String(), "1234567812\n[log cut here: 10 bytes is all that is kept]\n"; got != want {
		t.Errorf("log %q, want %q", got, want)
	}
	if err := log.Err(); err != nil {
		t.Error(err)
	}
}

// full is a disk without room.
type full struct{ writes int }

var errFull = errors.New("no space left on device")

func (f *full) Write([]byte) (int, error) {
	f.writes++
	return 0, errFull
}

func TestLogOnFullDisk(t *testing.T) {
	disk := &full{}
	log := NewLog(disk, 100)
	for range 3 {
		if n, err := log.Write([]byte("text")); n != 4 || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	if !errors.Is(log.Err(), errFull) || disk.writes != 1 {
		t.Errorf("error %v after %d writes, want %v after one", log.Err(), disk.writes, errFull)
	}
}
