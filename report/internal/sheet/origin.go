package sheet

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// Target is a target by name, version and address, each said once.
func Target(t *results.Target) string {
	return Join(append(targetParts(Versioned(t.Name, t.Version), t.URL), With(t.Set))...)
}

// With says what was set in a target.
func With(set []string) string { return prefixed("with ", strings.Join(set, " ")) }

// Versioned is a name with its version, unless one is in the other.
func Versioned(name, version string) string {
	switch {
	case version == "" || strings.Contains(name, version):
		return name
	case strings.Contains(version, name):
		return version
	}
	return name + " " + version
}

// targetParts are name and address, once when they are the same.
func targetParts(name, address string) []string {
	if address == "" || strings.Contains(name, address) {
		return []string{name}
	}
	if u, err := url.Parse(address); err == nil {
		bare := strings.TrimSuffix(name, "/")
		if bare == strings.TrimSuffix(address, "/") || bare == u.Host || bare == u.Hostname() {
			return []string{address}
		}
	}
	return []string{name, address}
}

// Origin says of a record what was run, where, with which spanstorm and when.
func Origin(rec *results.Record) []Fact {
	out := []Fact{
		{"scenario", Join(rec.Name, strings.TrimSpace(rec.API+" "+rec.Encoding), fmt.Sprintf("seed %d", rec.Seed), prefixed("corpus ", short(rec.Fingerprint)))},
		{"machine", Join(strings.Trim(rec.Machine.OS+"/"+rec.Machine.Arch, "/"), cpus(rec.Machine), memory(rec.Machine), rec.Machine.Kernel)},
		{"spanstorm", Join(rec.Tool.Version, short(rec.Tool.Commit), rec.Tool.Go)},
	}
	if !rec.StartedAt.IsZero() {
		out = append(out, Fact{"started", rec.StartedAt.UTC().Format("2006-01-02 15:04:05 UTC")})
	}
	return out
}

// Filled leaves out the facts of which nothing is known.
func Filled(facts []Fact) []Fact {
	var kept []Fact
	for _, f := range facts {
		if f.Value != "" {
			kept = append(kept, f)
		}
	}
	return kept
}

func cpus(m results.Machine) string {
	if m.CPUs == 0 {
		return ""
	}
	if m.CPUModel == "" {
		return fmt.Sprintf("%d %s", m.CPUs, Plural(uint64(m.CPUs), "CPU"))
	}
	return fmt.Sprintf("%d × %s", m.CPUs, m.CPUModel)
}

func memory(m results.Machine) string {
	if m.MemoryBytes == 0 {
		return ""
	}
	return results.FormatBytes(float64(m.MemoryBytes)) + " memory"
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// short cuts a hash to what people compare.
func short(hash string) string {
	if len(hash) > 12 {
		return hash[:12]
	}
	return hash
}
