package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spanstorm/spanstorm/report/internal/samples"
	"github.com/spanstorm/spanstorm/results"
)

// TestLook draws every sample in every form into a folder, to be looked at:
//
//	SPANSTORM_LOOK=/some/folder go test -run TestLook ./report
func TestLook(t *testing.T) {
	dir := os.Getenv("SPANSTORM_LOOK")
	if dir == "" {
		t.Skip("SPANSTORM_LOOK names no folder to draw into")
	}
	for name, rec := range samples.All() {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(at, 0o755); err != nil {
			t.Fatal(err)
		}
		for file, opts := range map[string]Options{"plain.txt": {Width: 120}, "color.txt": {Color: true, Width: 120}, "narrow.txt": {Width: 60}} {
			f, err := os.Create(filepath.Join(at, file))
			if err != nil {
				t.Fatal(err)
			}
			if err := Terminal(f, rec, opts); err != nil {
				t.Error(err)
			}
			_ = f.Close()
		}
		w, err := results.Create(filepath.Join(at, "record"))
		if err != nil {
			w, err = results.Open(filepath.Join(at, "record"))
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Save(rec); err != nil {
			t.Fatal(err)
		}
		if _, err := Write(w.Dir(), rec); err != nil {
			t.Error(err)
		}
	}
}
