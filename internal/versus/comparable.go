package versus

import (
	"bytes"
	"encoding/json"
	"fmt"
	gomaps "maps"
	"math"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// memoryAlike is by how much the memory of one machine may differ, as a share: a kernel
// keeps some for itself.
const memoryAlike = 0.05

// Differences says in what two records are not of the same experiment, so that their figures
// cannot be set beside each other: scenario, payloads or machine. None: they can.
func Differences(a, b *results.Record) (why []string) {
	differ := func(what, in, other string) {
		if in != other {
			why = append(why, fmt.Sprintf("%s: %s and %s", what, orNone(in), orNone(other)))
		}
	}
	kind := func(r *results.Record) string {
		if r.Capacity != nil {
			return "a capacity search"
		}
		return "a run"
	}
	differ("kind of record", kind(a), kind(b))
	if x, y := a.Capacity, b.Capacity; x != nil && y != nil { // an answer is one for probes like these
		probes := func(c *results.Capacity) string {
			target := "a fresh target each"
			if c.Warm {
				target = "one target for all"
			}
			return fmt.Sprintf("%g s after %g s of warm-up, %s", c.HoldS, c.WarmS, target)
		}
		differ("probes of the search", probes(x), probes(y))
		differ("what had to hold", strings.Join(x.Expect, ", "), strings.Join(y.Expect, ", "))
	}
	differ("scenario", a.Name, b.Name)
	if a.Name == b.Name && !sameJSON(a.Scenario, b.Scenario) {
		why = append(why, "scenario "+a.Name+": "+differentKeys(a.Scenario, b.Scenario)+" differ")
	}
	differ("fingerprint of the payloads", a.Fingerprint, b.Fingerprint)
	m, n := a.Machine, b.Machine
	differ("system", m.OS+"/"+m.Arch, n.OS+"/"+n.Arch)
	differ("processor", m.CPUModel, n.CPUModel)
	differ("number of CPUs", fmt.Sprint(m.CPUs), fmt.Sprint(n.CPUs))
	if x, y := float64(m.MemoryBytes), float64(n.MemoryBytes); math.Abs(x-y) > memoryAlike*max(x, y) {
		differ("memory", results.FormatBytes(x), results.FormatBytes(y))
	}
	return why
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

// differentKeys names the keys on the first level in which two scenarios differ.
func differentKeys(a, b json.RawMessage) string {
	var x, y map[string]json.RawMessage
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return "its contents"
	}
	text := ""
	add := func(key string) {
		if text != "" {
			text += ", "
		}
		text += key
	}
	for _, key := range sortedKeys(x, y) {
		if !sameJSON(orNull(x[key]), orNull(y[key])) {
			add(key)
		}
	}
	return text
}

func orNull(v json.RawMessage) json.RawMessage {
	if v == nil {
		return json.RawMessage("null")
	}
	return v
}

func sortedKeys(maps ...map[string]json.RawMessage) []string {
	seen := map[string]bool{}
	for _, m := range maps {
		for key := range m {
			seen[key] = true
		}
	}
	return slices.Sorted(gomaps.Keys(seen))
}
