// Package ledger joins what was sent with what came out at the other end of an
// agent into one account that adds up.
//
// Three things live here: [Outcomes], how each request was answered;
// [Arrivals], what an intake saw, and the message by which it hands that over;
// and [Close], which joins both into a [results.Ledger] and refuses to return
// one whose columns do not add up. Nothing here talks to a network, reads a
// clock, or knows how ids are made: whoever closes an account brings a function
// that describes the chunks of a request.
package ledger

// NoFault is the Fault of a chunk that is well formed.
const NoFault int32 = -1

// Chunk is what a generator knows of one chunk that it sends: enough to say
// what should become of it.
type Chunk struct {
	Ordinal uint64
	Shape   int32 // index into Sheet.Shapes
	Fault   int32 // index into Sheet.Faults; NoFault for none
	Spans   int32 // spans in the chunk; 0 in one that is empty on purpose
	Alike   int32 // of them, those that carry the id of another one: nobody can tell which of them came
	// Priority is the sampling priority that its root carries, when HasPriority.
	Priority    int8
	HasPriority bool
}

// Kept says that an agent has no sampling reason to withhold the chunk: it
// carries a priority, and one that keeps it.
func (c Chunk) Kept() bool { return c.HasPriority && c.Priority >= 1 }
