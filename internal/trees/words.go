package trees

import (
	"fmt"
	"strings"

	"github.com/brianvoe/gofakeit/v6"
)

// vocabulary holds words drawn from gofakeit once, so that growing thousands of
// trees only picks from them.
type vocabulary struct {
	nouns, verbs []string
	agents       []string
	addresses    []string
	phrases      []string // what events say
}

// Sizes of the vocabulary: enough that trees differ, few enough to hold.
const (
	wordsKept   = 256
	agentsKept  = 64
	phrasesKept = 128
)

func newVocabulary(seed uint64) *vocabulary {
	faker := gofakeit.NewCustom(&stream{seed})
	v := &vocabulary{}
	for range wordsKept {
		v.nouns = append(v.nouns, identifier(faker.Noun()))
		v.verbs = append(v.verbs, identifier(faker.HackerVerb()))
		v.addresses = append(v.addresses, faker.IPv4Address())
	}
	for range agentsKept {
		v.agents = append(v.agents, faker.UserAgent())
	}
	for range phrasesKept {
		v.phrases = append(v.phrases, strings.TrimRight(faker.HackerPhrase(), ".!"))
	}
	return v
}

// identifier makes one lower-case word of letters: words end up in names of
// services, functions and files.
func identifier(word string) string {
	letters := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		}
		return -1
	}, word)
	if letters == "" {
		return "thing"
	}
	return letters
}

// title makes Word of word.
func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

func uuid(s *stream) string {
	a, b := s.Uint64(), s.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&0xffffffffffff)
}
