package prove

import (
	"path/filepath"
	"testing"
)

func TestSectionsKeepTheirPlace(t *testing.T) {
	page := replace(replace([]byte("# Page\n"), "one", "1"), "two", "2")
	page = replace(page, "one", "first\n")
	want := "# Page\n\n<!-- one: begin -->\n\nfirst\n\n<!-- one: end -->\n\n<!-- two: begin -->\n\n2\n\n<!-- two: end -->\n"
	if string(page) != want {
		t.Errorf("%q, want %q", page, want)
	}
}

func TestKept(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	if want, err := filepath.Abs("../.."); err != nil || root != want {
		t.Errorf("root %s, want %s (%v)", root, want, err)
	}
	if got, err := Kept("a/b"); err != nil || got != filepath.Join(root, "bin", "prove", "a", "b") {
		t.Errorf("%s, %v", got, err)
	}
}
