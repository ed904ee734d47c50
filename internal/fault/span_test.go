package fault

import (
	"slices"
	"testing"
)

// TestSpanKinds holds the catalogue of what concerns spans together.
func TestSpanKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if seen[k.Name] {
			t.Errorf("%s is there twice", k.Name)
		}
		seen[k.Name] = true
	}
	for _, k := range spanKinds() {
		if k.Doc == "" || k.Source == "" || len(k.Expect) == 0 || k.Level != Span || len(k.Takes) > 0 {
			t.Errorf("incomplete: %+v", k)
		}
		if slices.Contains(k.Expect, Refused) != (len(k.Codes) > 0) {
			t.Errorf("%s: expects %v with codes %v", k.Name, k.Expect, k.Codes)
		}
	}
}
