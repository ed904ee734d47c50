package wire

import "hash/maphash"

// varying numbers the values that vary, of one payload after the other: a hash
// table whose entries are void once their payload is over.
type varying struct {
	seed  maphash.Seed
	slots []varyingSlot // a power of two
	n     int           // of the payload in hand
	bytes []byte        // their values, one after the other
}

type varyingSlot struct {
	numbered
	from, to uint32 // in bytes
}

func (v *varying) init(slots int) {
	v.seed = maphash.MakeSeed() // decides where entries lie, not what they are
	v.slots = make([]varyingSlot, slots)
}

// number returns the number of a value, which is next's if this payload has not
// seen it yet.
func (v *varying) number(value []byte, next numbered) (number uint32, seen bool) {
	if 2*v.n >= len(v.slots) {
		v.grow(next.payload)
	}
	s := v.find(value, next.payload)
	if s.payload == next.payload {
		return s.number, true
	}
	from := uint32(len(v.bytes))
	v.bytes = append(v.bytes, value...)
	*s = varyingSlot{next, from, uint32(len(v.bytes))}
	v.n++
	return next.number, false
}

// find returns the slot of a value, or the one where it belongs.
func (v *varying) find(value []byte, payload uint32) *varyingSlot {
	mask := uint64(len(v.slots) - 1)
	for i := maphash.Bytes(v.seed, value); ; i++ {
		s := &v.slots[i&mask]
		if s.payload != payload || string(v.bytes[s.from:s.to]) == string(value) {
			return s
		}
	}
}

func (v *varying) grow(payload uint32) {
	old := v.slots
	v.slots = make([]varyingSlot, 2*len(old))
	for _, s := range old {
		if s.payload == payload {
			*v.find(v.bytes[s.from:s.to], payload) = s
		}
	}
}
