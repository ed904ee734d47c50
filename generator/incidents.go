package generator

import (
	"fmt"

	"github.com/spanstorm/spanstorm/internal/trees"
)

// Window is a range of requests, From … To-1, that lie in an incident of the
// scenario, by its index.
type Window struct {
	From, To uint64
	Incident int
}

// episode is what is drawn while an incident lasts: for each shape that the
// incident touches, templates of trees grown with its operations altered.
type episode struct {
	sources []source // by shape; without templates where the usual ones serve
	pools   []pool   // by shape
	usual   uint32   // number of the usual templates
}

// Of the templates of a shape, one in so many has a counterpart in an incident,
// which lasts a part of the run only.
const (
	incidentPart  = 4
	incidentLeast = 64
)

// planIncidents makes the pools of incidents, from template number first on.
func (c *Corpus) planIncidents(first uint32) error {
	usual := first
	for i := range c.scenario.Incidents {
		altered := c.catalogue.Incident(&c.scenario.Incidents[i])
		e := episode{sources: make([]source, len(c.sources)), pools: make([]pool, len(c.sources)), usual: usual}
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
			e.sources[shape] = source{trees: src, templates: n}
			e.pools[shape] = pool{first: first, n: uint32(n), priorities: c.plan.shapes[shape].priorities}
			first += uint32(n)
		}
		c.plan.episodes = append(c.plan.episodes, e)
	}
	return nil
}

// Schedule says which requests lie in incidents: windows in order, none of
// which overlap; and where phases begin, and in the end where the last one ends. It
// is called before anything else is asked of the corpus, which without it holds
// the usual requests of one phase without end. Means are those of the usual
// requests either way: the schedule that the windows follow from is made of them.
func (c *Corpus) Schedule(windows []Window, phases ...uint64) {
	c.plan.windows, c.plan.phases = windows, phases
}

// Windows returns what Schedule was given.
func (c *Corpus) Windows() []Window { return c.plan.windows }

// IncidentOf is the index of the incident in which request seq lies; -1 for none.
func (c *Corpus) IncidentOf(seq uint64) int { return c.plan.incident(seq) }

// during is the episode of request seq; nil at other times.
func (p *plan) during(seq uint64) *episode {
	if i := p.incident(seq); i >= 0 {
		return &p.episodes[i]
	}
	return nil
}

// incident is the index of the incident of request seq; -1 for none.
func (p *plan) incident(seq uint64) int {
	low, high := 0, len(p.windows)
	for low < high {
		if mid := (low + high) / 2; p.windows[mid].To <= seq {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == len(p.windows) || seq < p.windows[low].From {
		return -1
	}
	return p.windows[low].Incident
}

// template is what a chunk of a shape is made from, given what it usually is.
// Malformed ones stay as they are.
func (e *episode) template(shape int, key uint64, usual uint32) uint32 {
	if e == nil || e.pools[shape].n == 0 || usual >= e.usual {
		return usual
	}
	return e.pools[shape].draw(key)
}

// draw draws one of the pool's templates: by the low half of the key.
func (p *pool) draw(key uint64) uint32 { return p.first + uint32((key&(1<<32-1))*uint64(p.n)>>32) }

// grower is where template t of a shape comes from, and its number there.
func (c *Corpus) grower(seq uint64, shape int, template uint32) (*trees.Source, int) {
	if e := c.plan.during(seq); e != nil && e.pools[shape].n > 0 {
		return e.sources[shape].trees, int(template - e.pools[shape].first)
	}
	return c.sources[shape].trees, int(template - c.plan.shapes[shape].first)
}
