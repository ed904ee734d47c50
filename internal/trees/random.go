package trees

import "math/bits"

// Everything random in a corpus is a pure function of the seed and of a
// position: which tree, which request, which chunk. Two forms of it are used:
// Hash, where positions are visited in any order, and stream, where a tree grows
// from one.

// Hash mixes a position into a key (the finaliser of splitmix64 over both).
func Hash(key, position uint64) uint64 {
	x := key + (position+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// HashText mixes a name into a key (FNV-1a, then Hash).
func HashText(key uint64, name string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 0x100000001b3
	}
	return Hash(key, h)
}

// Below maps a hash to a number in [0, n): ⌊h·n / 2^64⌋.
func Below(h, n uint64) uint64 {
	high, _ := bits.Mul64(h, n)
	return high
}

// unit maps a hash to a number in the open interval (0, 1), an odd multiple of 2^-53.
func unit(h uint64) float64 { return (float64(h>>12) + 0.5) * 0x1p-52 }

// stream is a sequence of random numbers. It is a rand.Source64, so that
// gofakeit can draw from it.
type stream struct{ state uint64 }

func (s *stream) Uint64() uint64 {
	h := Hash(s.state, 0)
	s.state += 0x9e3779b97f4a7c15
	return h
}

// Int63 implements rand.Source.
func (s *stream) Int63() int64 { return int64(s.Uint64() >> 1) }

// Seed implements rand.Source.
func (s *stream) Seed(seed int64) { s.state = uint64(seed) }

func (s *stream) below(n int) int { return int(Below(s.Uint64(), uint64(n))) }

func (s *stream) unit() float64 { return unit(s.Uint64()) }

// happens is true with probability p; it draws nothing where nothing is left to chance.
func (s *stream) happens(p float64) bool {
	if p <= 0 || p >= 1 {
		return p >= 1
	}
	return s.unit() < p
}

func pick[T any](s *stream, from []T) T { return from[s.below(len(from))] }
