package process

import (
	"os"
	"runtime/debug"
)

// gcPercent is by how much the heap may grow, in percent of what lives, until the garbage
// collector runs. Nearly all of a generator's heap lives as long as the run (the corpus, payloads,
// the account) and holds no pointers, so that a collection costs little, while Go's usual 100
// lets the process take twice what it needs, and a tenth more in its tenth minute than in its first.
const gcPercent = 25

// Thrifty lets this process take little more memory than it needs, unless the user said
// how much (GOGC), and returns what undoes it.
func Thrifty() (undo func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	usual := debug.SetGCPercent(gcPercent)
	return func() { debug.SetGCPercent(usual) }
}
