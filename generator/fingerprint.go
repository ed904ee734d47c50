package generator

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/spanstorm/spanstorm/internal/wire"
)

// corpusVersion changes when the same scenario gives other bytes than before
// although its templates are the same: when draws are made differently.
const corpusVersion = 2

// fingerprintBytes is how much of the hash a fingerprint shows.
const fingerprintBytes = 16

// hash returns the fingerprint: of the templates, with ids and times still zero,
// and of the plan by which they are drawn. What it leaves out on purpose is what
// does not change bodies: load, headers, and clients where bodies do not name them.
func (c *Corpus) hash() string {
	sum := sha256.New()
	w := bufio.NewWriterSize(sum, 1<<16)
	// Neither a hash nor a buffer before it ever fails to write.
	_, _ = fmt.Fprintf(w, "version %d\n%s %s\nseed %d\nlayout %d\n", corpusVersion, c.Path(), c.ContentType(), c.plan.Seed, c.layout)
	_, _ = fmt.Fprintf(w, "counts %d\nalias %d\n", c.plan.Counts, c.plan.Columns())
	for i, p := range c.plan.Pools {
		_, _ = fmt.Fprintf(w, "shape %q %v\n", c.scenario.Shapes[i].Name, p)
	}
	for i := range c.plan.Episodes { // when they are follows from the load
		_, _ = fmt.Fprintf(w, "incident %q %v\n", c.scenario.Incidents[i].Name, c.plan.Episodes[i].Pools)
	}
	if len(c.scenario.Faults) > 0 {
		_, _ = fmt.Fprintf(w, "faults %v %v\n", c.plan.Faults(), c.plan.Spoils)
		for i := range c.scenario.Faults {
			_, _ = fmt.Fprintf(w, "%s %x\n", c.scenario.Faults[i].Kind, c.scenario.Faults[i].Body)
		}
	}
	if c.plan.Lateness != nil {
		_, _ = fmt.Fprintf(w, "late %v\n", c.plan.Lateness)
	}
	for i := range c.variables {
		v := &c.variables[i]
		_, _ = fmt.Fprintf(w, "variable %q %d %q %d\n", v.Key, v.Cardinality, v.Skew, v.ranks.Bounds())
	}
	for i := range c.templates {
		_ = c.templates[i].Sum(w)
		_, _ = fmt.Fprintln(w, c.facts[i].extent)
	}
	for i := range c.variables {
		if v := &c.variables[i]; v.Every > 0 {
			_, _ = fmt.Fprintf(w, "variable %d every %d\n", i, v.Every)
		}
	}
	c.parts.sum(w)
	if c.parts.most > 1 { // what a request carries on depends on who sent what before
		_, _ = fmt.Fprintf(w, "clients %d\n", c.plan.Tracers())
	}
	_ = c.probe.Sum(w)
	if indexed, ok := c.encoding.(wire.Indexed); ok {
		_ = indexed.Sum(w)
	}
	heads, head := c.encoding.Writer(), []byte(nil)
	if !c.scenario.API.TakesJSON() { // such a head may say who sends
		for tracer := range max(1, len(c.senders.excess)) {
			head = heads.AppendHead(head[:0], tracer, 0)
			_, _ = w.Write(head)
		}
	}
	_, _ = w.Write(c.services)
	_ = w.Flush()
	return hex.EncodeToString(sum.Sum(nil)[:fingerprintBytes])
}
