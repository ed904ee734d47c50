package wire

import (
	"encoding/binary"
	"math"
	"slices"
)

// heldBy is the share of payloads that a text has to be in to get a number for good.
const heldBy = 0.9

// fix gives the texts that most payloads of at least so many chunks hold numbers
// for good, 0 for the empty text first, and writes these into the templates, all
// of which are taken to be as likely.
func (d *texts) fix(templates []Template, least int) {
	uses := make([]int, len(d.ends))
	for i := range templates {
		for _, id := range templates[i].texts {
			if id >= 0 {
				uses[id]++
			}
		}
	}
	// 1-(1-p)^n ≥ heldBy for a text that a share p of the templates refer to.
	share := 1 - math.Pow(1-heldBy, 1/float64(max(least, 1)))
	d.fixed = map[int32]uint32{0: 0}
	for id, n := range uses {
		if id > 0 && n > 0 && float64(n) >= share*float64(len(templates)) {
			d.fixed[int32(id)] = uint32(len(d.fixed))
		}
	}
	for i := range templates {
		d.fixTemplate(&templates[i])
	}
}

// fixTemplate writes fixed numbers into the references of t that have them, and
// numbers the other texts of t anew.
func (d *texts) fixTemplate(t *Template) {
	var texts []int32
	numbers := make([]uint32, len(t.texts))
	final := make([]bool, len(t.texts))
	for i, id := range t.texts {
		numbers[i], final[i] = d.fixed[id]
		if final[i] {
			if id > 0 {
				t.alone -= uint32(len(d.get(id)))
			}
			continue
		}
		numbers[i] = uint32(len(texts))
		texts = append(texts, id)
	}
	var refs []uint32
	at, last, cutRef := 0, 0, t.cutRef
	for i, distance := range t.refs {
		at += int(distance)
		text := d.numberIn(t.Body[at:])
		d.putNumber(t.Body[at:], numbers[text])
		if !final[text] {
			refs = append(refs, uint32(at-last))
			last = at
			continue
		}
		if i < int(t.cutRef) {
			cutRef--
		}
	}
	t.texts, t.refs, t.cutRef, t.firsts = slices.Clip(texts), slices.Clip(refs), cutRef, nil
}

func (d *texts) numberIn(b []byte) uint32 {
	if d.wide {
		return binary.BigEndian.Uint32(b)
	}
	return uint32(binary.BigEndian.Uint16(b))
}

func (d *texts) putNumber(b []byte, n uint32) {
	if d.wide {
		binary.BigEndian.PutUint32(b, n)
		return
	}
	binary.BigEndian.PutUint16(b, uint16(n))
}
