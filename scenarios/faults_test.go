package scenarios

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A body is read from beside the scenario and kept in it, so that what a record
// keeps gives the same bytes anywhere; one that is too large for that is found
// again by its path.
func TestBodyOfAFile(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{"small.bin": 3000, "large.bin": maxKept + 1} {
		body := bytes.Repeat([]byte{0x91, 0xc0, 0xff}, size/3+1)[:size]
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
		src := strings.Replace(least, "load:", "faults: [{kind: raw-body, share: 1%, file: "+name+"}]\nload:", 1)
		s, err := Parse(filepath.Join(dir, "s.yaml"), []byte(src), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse("elsewhere.json", text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back.Faults[0].Body, body) {
			t.Errorf("%s: %d bytes were read back, %d written", name, len(back.Faults[0].Body), size)
		}
		if kept := back.Faults[0].Base64 != ""; kept != (size <= maxKept) {
			t.Errorf("%s of %d bytes: kept is %v", name, size, kept)
		}
	}
	for _, bad := range []string{"../s.yaml", ".", "/dev/zero"} {
		src := strings.Replace(least, "load:", "faults: [{kind: raw-body, share: 1%, file: "+bad+"}]\nload:", 1)
		if _, err := Parse(filepath.Join(dir, "s.yaml"), []byte(src), nil); err == nil {
			t.Errorf("the file %s is taken", bad)
		}
	}
}
