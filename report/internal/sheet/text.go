package sheet

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanMaxRunes bounds a text that came from outside when it is put in a table.
const cleanMaxRunes = 400

// Clean makes a text of unknown origin safe for a terminal and for a table: what
// moves the cursor, changes colours, turns the direction of writing or cannot be
// seen at all is written as an escape, and overlong texts are cut.
func Clean(s string) string {
	plain := true
	for i, r := range s {
		if r == utf8.RuneError || !shown(r) || i >= cleanMaxRunes {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	n := 0
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\t':
			b.WriteByte(' ')
		case r == '\n':
			b.WriteString(`\n`)
		case shown(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[size:]
		if n++; n == cleanMaxRunes && len(s) > 0 {
			b.WriteString("…")
			break
		}
	}
	return b.String()
}

// shown says that a rune puts a mark or a blank on the screen and does nothing else.
func shown(r rune) bool { return unicode.IsPrint(r) }

// Plural is a noun for so many: 1 trace, 2 traces.
func Plural(n uint64, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// Join puts the parts that say something beside one another.
func Join(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			kept = append(kept, p)
		}
	}
	return Clean(strings.Join(kept, " · "))
}

// Capital begins a sentence.
func Capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// Sentence begins with a capital and ends with a full stop.
func Sentence(s string) string {
	if s == "" {
		return ""
	}
	s = Capital(s)
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
