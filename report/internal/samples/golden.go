package samples

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Golden holds JSON against a file, or writes the file where that is asked for. What
// differs is written beside it.
func Golden(t *testing.T, path string, got []byte, update bool) {
	t.Helper()
	if update {
		if err := os.WriteFile(path, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var w, g any
	if err := errors.Join(json.Unmarshal(want, &w), json.Unmarshal(got, &g)); err != nil {
		t.Fatal(err)
	}
	// Machines differ in the last digits of the mathematics that made the sample.
	about := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 2e-3*max(math.Abs(a), math.Abs(b)) })
	if diff := cmp.Diff(w, g, about); diff != "" {
		_ = os.WriteFile(path+".got", got, 0o600)
		t.Errorf("%s differs (-want +got); see %s.got, or run with -update\n%s", path, path, diff)
	}
}
