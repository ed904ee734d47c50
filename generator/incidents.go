package generator

import (
	"fmt"

	"github.com/spanstorm/spanstorm/internal/plan"
	"github.com/spanstorm/spanstorm/internal/trees"
)

// Window is a range of requests that lie in an incident.
type Window = plan.Window

// Of the templates of a shape, one in so many has a counterpart in an incident,
// which lasts a part of the run only.
const (
	incidentPart  = 4
	incidentLeast = 64
)

// planIncidents makes the pools of incidents, from template number first on.
func (c *Corpus) planIncidents(first uint32) error {
	for i := range c.scenario.Incidents {
		altered := c.catalogue.Incident(&c.scenario.Incidents[i])
		sources, pools := make([]source, len(c.sources)), make([]plan.Pool, len(c.sources))
		for shape := range c.sources {
			usual := &c.sources[shape]
			src, err := usual.trees.During(altered)
			if err != nil {
				return fmt.Errorf("shape %s in incident %s: %w", c.scenario.Shapes[shape].Name, c.scenario.Incidents[i].Name, err)
			}
			if src == nil {
				continue
			}
			n := min(usual.templates, max(usual.templates/incidentPart, incidentLeast))
			sources[shape] = source{trees: src, templates: n}
			pools[shape] = plan.Pool{First: first, N: uint32(n)}
			first += uint32(n)
		}
		c.incidents = append(c.incidents, sources)
		c.plan.Episodes = append(c.plan.Episodes, plan.Episode{Pools: pools})
	}
	return nil
}

// Schedule says which requests lie in incidents: windows in order, none of
// which overlap; and where phases begin, and in the end where the last one ends. It
// is called before anything else is asked of the corpus, which without it holds
// the usual requests of one phase without end. Means are those of the usual
// requests either way: the schedule that the windows follow from is made of them.
func (c *Corpus) Schedule(windows []Window, phases ...uint64) {
	c.plan.Schedule(windows, phases...)
}

// Windows returns what Schedule was given.
func (c *Corpus) Windows() []Window { return c.plan.Windows() }

// IncidentOf is the index of the incident in which request seq lies; -1 for none.
func (c *Corpus) IncidentOf(seq uint64) int { return c.plan.Incident(seq) }

// grower is where template t of a shape comes from, and its number there.
func (c *Corpus) grower(seq uint64, shape int, template uint32) (*trees.Source, int) {
	if i := c.plan.Incident(seq); i >= 0 {
		if pool := &c.plan.Episodes[i].Pools[shape]; pool.N > 0 {
			return c.incidents[i][shape].trees, int(template - pool.First)
		}
	}
	return c.sources[shape].trees, int(template - c.plan.Pools[shape].First)
}
