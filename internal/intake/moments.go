package intake

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// Moment is when a chunk came out whole, for the first time that it did.
type Moment struct {
	Ordinal uint64
	UnixNS  int64
}

// momentsMost bounds how many are kept: 8 MB. Past it every other chunk is let go,
// by a hash of its ordinal, so that what is kept is as good as any sample of its size.
const momentsMost = 1 << 19

// moments are when chunks came out: all of them, or a uniform sample.
type moments struct {
	mask uint64 // a chunk is kept when its hash has none of these bits
	list []Moment
}

// spread mixes the bits of an ordinal (the finaliser of MurmurHash3).
func spread(ordinal uint64) uint64 {
	x := ordinal
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// add notes that a chunk came out.
func (m *moments) add(ordinal uint64, unixNS int64) {
	if spread(ordinal)&m.mask != 0 {
		return
	}
	if len(m.list) >= momentsMost {
		m.mask = m.mask<<1 | 1
		m.list = slices.DeleteFunc(m.list, func(o Moment) bool { return spread(o.Ordinal)&m.mask != 0 })
		m.add(ordinal, unixNS)
		return
	}
	if m.list == nil {
		m.list = make([]Moment, 0, momentsMost) // at once, rather than copied as it grows
	}
	m.list = append(m.list, Moment{ordinal, unixNS})
}

// sort puts them in the order of their ordinals, each for the first time: those
// that came again came later.
func (m *moments) sort() {
	slices.SortStableFunc(m.list, func(a, b Moment) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	m.list = slices.CompactFunc(m.list, func(a, b Moment) bool { return a.Ordinal == b.Ordinal })
}

// The message of moments: the mask, and then for each its ordinal and time, all as
// 64 bits, big-endian.
const (
	momentsHead = 8
	momentBytes = 16
)

// message is when chunks came out, each for the first time, in the order of their
// ordinals.
func (m *moments) message() []byte {
	m.sort()
	message := make([]byte, 0, momentsHead+momentBytes*len(m.list))
	message = binary.BigEndian.AppendUint64(message, m.mask)
	for _, one := range m.list {
		message = binary.BigEndian.AppendUint64(message, one.Ordinal)
		message = binary.BigEndian.AppendUint64(message, uint64(one.UnixNS))
	}
	return message
}

func (s *Server) serveMoments(w http.ResponseWriter, _ *http.Request) {
	message, err := settled(s, func(run *keyed) ([]byte, error) { return run.moments.message(), nil })
	serveMessage(w, message, err)
}

func readMoments(message []byte) (list []Moment, share float64, err error) {
	if len(message) < momentsHead || (len(message)-momentsHead)%momentBytes != 0 {
		return nil, 0, errors.New("the message is not whole")
	}
	mask := binary.BigEndian.Uint64(message)
	if mask&(mask+1) != 0 {
		return nil, 0, fmt.Errorf("%d is no mask", mask)
	}
	list = make([]Moment, 0, len(message)/momentBytes)
	for m := message[momentsHead:]; len(m) > 0; m = m[momentBytes:] {
		list = append(list, Moment{binary.BigEndian.Uint64(m), int64(binary.BigEndian.Uint64(m[8:]))})
	}
	return list, 1 / (float64(mask) + 1), nil
}
