package fault

import (
	"slices"
	"testing"
)

// TestRequestKinds holds the catalogue of what concerns whole requests together.
func TestRequestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range slices.Concat(bodyKinds(), framingKinds()) {
		if seen[k.Name] {
			t.Errorf("%s is there twice", k.Name)
		}
		seen[k.Name] = true
		if k.Name == "" || k.Doc == "" || k.Source == "" || len(k.Expect) == 0 || k.Level == Span {
			t.Errorf("incomplete: %+v", k)
		}
		if slices.Contains(k.Expect, Refused) != (len(k.Codes) > 0) {
			t.Errorf("%s: expects %v with codes %v", k.Name, k.Expect, k.Codes)
		}
		if found, ok := Find(k.Name); !ok || found.Doc != k.Doc {
			t.Errorf("%s is not found", k.Name)
		}
	}
}
