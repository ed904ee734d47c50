package trees

import "testing"

// A resource names a method only where HTTP has such methods: errors write them
// in the case of their library, letter by letter.
func TestAsked(t *testing.T) {
	for resource, want := range map[string][2]string{
		"GET /orders/?": {"GET", "/orders/?"},
		"POST orders":   {"POST", "orders"},
		"GET ":          {"GET", ""},
		" /orders":      {},
		"OrderHandler":  {},
		"orders /list":  {},
		"ᾈ /orders":     {},
		"2 /orders":     {},
		"":              {},
	} {
		method, path, ok := asked(resource)
		if method != want[0] || path != want[1] || ok != (want[0] != "") {
			t.Errorf("asked(%q) = %q, %q, %v; want %q", resource, method, path, ok, want)
		}
	}
}
