package sheet

import "testing"

// Names that differ at their ends can be told apart when they are cut.
func TestCutMiddle(t *testing.T) {
	c := Column{Middle: true}
	if got := c.cut("shape-with-a-long-name-12", 12); got != "shape-…me-12" {
		t.Errorf("got %q", got)
	}
}
