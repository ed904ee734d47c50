package trees

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/brianvoe/gofakeit/v6"
)

// vocabulary holds words drawn from gofakeit once, so that growing thousands of
// trees only picks from them.
type vocabulary struct {
	agents    []string
	addresses []string
	phrases   []string // what events say
	slugs     []string // names in paths
}

// Sizes of the vocabulary: enough that trees differ, few enough to hold.
const (
	addressesKept = 256
	agentsKept    = 64
	phrasesKept   = 64
	slugsKept     = 64
)

func newVocabulary(seed uint64) *vocabulary {
	faker := gofakeit.NewCustom(&stream{seed})
	v := &vocabulary{}
	for len(v.addresses) < addressesKept {
		// Visitors have public addresses.
		if a, err := netip.ParseAddr(faker.IPv4Address()); err == nil && a.IsGlobalUnicast() && !a.IsPrivate() && a.As4()[0] < 224 {
			v.addresses = append(v.addresses, a.String())
		}
	}
	for range agentsKept {
		v.agents = append(v.agents, browser(faker))
	}
	for range phrasesKept / 2 {
		v.phrases = append(v.phrases, faker.ErrorGRPC().Error(), faker.ErrorHTTPClient().Error())
	}
	for range slugsKept {
		v.slugs = append(v.slugs, strings.ReplaceAll(faker.ProductCategory(), " ", "-"))
	}
	return v
}

// browser is the user agent of a browser of today: gofakeit's own are of twenty
// years.
func browser(faker *gofakeit.Faker) string {
	const webkit = " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0"
	switch version := faker.Number(124, 139); faker.Number(0, 9) {
	case 0, 1:
		return fmt.Sprintf("Mozilla/5.0 (iPhone; CPU iPhone OS 18_%[1]d like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.%[1]d Mobile/15E148 Safari/604.1", faker.Number(0, 6))
	case 2:
		return fmt.Sprintf("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.%d Safari/605.1.15", faker.Number(0, 6))
	case 3:
		return fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:%[1]d.0) Gecko/20100101 Firefox/%[1]d.0", version)
	case 4:
		return fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"+webkit+" Safari/537.36 Edg/%[1]d.0.0.0", version)
	case 5, 6:
		return fmt.Sprintf("Mozilla/5.0 (Linux; Android 10; K)"+webkit+" Mobile Safari/537.36", version)
	case 7:
		return fmt.Sprintf("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"+webkit+" Safari/537.36", version)
	default:
		return fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"+webkit+" Safari/537.36", version)
	}
}

func uuid(s *stream) string {
	a, b := s.Uint64(), s.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&0xffffffffffff)
}
