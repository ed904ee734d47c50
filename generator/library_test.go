package generator

import (
	"testing"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Every bundled scenario compiles, within the limits of agents.
func TestLibrary(t *testing.T) {
	for _, bundled := range scenarios.Library() {
		t.Run(bundled.Name, func(t *testing.T) {
			s, err := scenarios.Load(bundled.Name, nil)
			if err != nil {
				t.Fatal(err)
			}
			c, err := compile(s, testPools)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range c.Stats(100).Limits {
				if l.Over() {
					t.Errorf("%s of %d bytes is over %d: %s", l.What, l.Bytes, l.Limit, l.Example)
				}
			}
			if m := c.Means(); bundled.Name == "web-shop" && (m.Spans/m.Traces < 8 || m.Spans/m.Traces > 12) {
				t.Errorf("web-shop has %.1f spans per trace, not 8 to 12", m.Spans/m.Traces)
			}
		})
	}
}
