package wire

import "encoding/binary"

// pairs holds the numbers 00 to 99 in two digits each.
const pairs = "00010203040506070809" +
	"10111213141516171819" +
	"20212223242526272829" +
	"30313233343536373839" +
	"40414243444546474849" +
	"50515253545556575859" +
	"60616263646566676869" +
	"70717273747576777879" +
	"80818283848586878889" +
	"90919293949596979899"

// putDigits writes n in 19 decimal digits, n < 10^19. Numbers below 10^18 get
// zeros in front, which JSON does not allow.
func putDigits(b *[jsonDigits]byte, n uint64) {
	high, low := n/1e16, n%1e16
	b[0] = '0' + byte(high/100)
	b[1], b[2] = pairs[high%100*2], pairs[high%100*2+1]
	binary.LittleEndian.PutUint64(b[3:], eightDigits(low/1e8))
	binary.LittleEndian.PutUint64(b[11:], eightDigits(low%1e8))
}

// eightDigits returns n < 10^8 in decimal digits, the first in the lowest byte.
// It halves all parts at once: 8 digits into two lanes of 32 bits, those into four
// of 16 and those into eight of 8. In a lane of four digits x, ⌊x/100⌋ is
// x·10486 ≫ 20, and in one of two, ⌊x/10⌋ is x·103 ≫ 10.
func eightDigits(n uint64) uint64 {
	x := n/1e4 | n%1e4<<32
	q := x * 10486 >> 20 & 0x0000007f_0000007f
	x = q | (x-100*q)<<16
	q = x * 103 >> 10 & 0x000f_000f_000f_000f
	x = q | (x-10*q)<<8
	return x | 0x30303030_30303030
}

// PutDecimal writes n in len(b) decimal digits, with zeros in front.
func PutDecimal(b []byte, n uint64) {
	i := len(b)
	for ; i >= 2; i -= 2 {
		p := n % 100 * 2
		n /= 100
		b[i-2], b[i-1] = pairs[p], pairs[p+1]
	}
	if i == 1 {
		b[0] = '0' + byte(n%10)
	}
}
