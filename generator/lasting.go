package generator

import "github.com/spanstorm/spanstorm/internal/trees"

// draw is the hash from which a chunk of request seq takes the value of a
// variable: of the chunk's own key, or where a value lasts for a number of
// requests, of which of these stretches seq is in.
func (c *Corpus) draw(variable int, key, seq uint64) uint64 {
	if every := c.variables[variable].Every; every > 0 {
		key = trees.Hash(^c.plan.Seed, seq/every)
	}
	return trees.Hash(key, uint64(variable))
}
