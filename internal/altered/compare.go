package altered

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/results"
)

// difference is one field of a span that did not come out as it was sent.
type difference struct {
	field, change string
	sent, came    string // for people; empty where there was nothing
}

// asSent is a span as it was sent.
func asSent(s *generator.Span) span {
	return span{
		texts: [4]string{s.Service, s.Name, s.Resource, s.Type}, spanID: s.SpanID,
		numbers: [5]int64{int64(s.TraceID), int64(s.ParentID), s.StartUnixNS, int64(s.Duration), truth(s.Error)},
		meta:    s.Meta, metrics: s.Metrics, extras: extrasSent(s),
	}
}

// compare appends what differs between a span that was sent and the one that
// came. In OTLP tags may come under other names, and there is no type.
func compare(to []difference, sent, came *span, otlp bool) []difference {
	for i, field := range [...]string{"service", "name", "resource", "type"} {
		if s, c := sent.texts[i], came.texts[i]; s != c && (i != atType || !otlp) {
			to = append(to, changedText(field, s, c))
		}
	}
	for i, field := range [...]string{"trace_id", "parent_id", "start", "duration", "error"} {
		s, c := sent.numbers[i], came.numbers[i]
		switch {
		case s == c:
		case i == atTraceID || i == atParentID:
			to = append(to, difference{field, results.FieldChanged, strconv.FormatUint(uint64(s), 10), strconv.FormatUint(uint64(c), 10)})
		case i == atError:
			to = append(to, difference{field, results.FieldChanged, strconv.FormatBool(s != 0), strconv.FormatBool(c != 0)})
		default:
			to = append(to, difference{field, results.FieldChanged, strconv.FormatInt(s, 10), strconv.FormatInt(c, 10)})
		}
	}
	to = compareTags(to, "meta.", sent.meta, came.meta, otlp, shown, func(key, a, b string) (difference, bool) {
		return changedText("meta."+shown(key), a, b), a != b
	})
	to = compareExtras(to, &sent.extras, &came.extras)
	return compareTags(to, "metrics.", sent.metrics, came.metrics, otlp, number, func(key string, a, b float64) (difference, bool) {
		return difference{"metrics." + shown(key), results.FieldChanged, number(a), number(b)}, a != b && !(math.IsNaN(a) && math.IsNaN(b))
	})
}

// compareTags compares tags of one kind, in the order of their keys.
func compareTags[V any](to []difference, kind string, sent, came map[string]V, otlp bool, text func(V) string, changed func(key string, a, b V) (difference, bool)) []difference {
	met := make(map[string]bool, len(sent)) // by the names under which they came
	var gone []string
	for key, value := range sent {
		if moved(key) {
			continue
		}
		name := key
		there, ok := came[name]
		if !ok && otlp {
			for _, name = range otherNames(key) {
				if there, ok = came[name]; ok {
					break
				}
			}
		}
		if !ok {
			gone = append(gone, key)
			continue
		}
		if _, own := sent[name]; name != key && own {
			continue // two tags have one name there
		}
		met[name] = true
		if d, differs := changed(key, value, there); differs {
			to = append(to, d)
		}
	}
	for _, key := range gone {
		to = append(to, difference{field: kind + shown(key), change: results.FieldRemoved, sent: text(sent[key])})
	}
	for name, value := range came {
		if _, own := sent[name]; !met[name] && !own && !moved(name) {
			to = append(to, difference{field: kind + shown(name), change: results.FieldAdded, came: text(value)})
		}
	}
	return to
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Bounds of texts that are shown, in bytes.
const (
	shownBytes  = 80
	beforeBytes = 16 // that are alike, before what differs
)

// shown is a text, cut.
func shown(s string) string { return shownFrom(s, 0) }

// changedText shows both texts from a little before the place where they differ.
func changedText(field, sent, came string) difference {
	alike := 0
	for alike < len(sent) && alike < len(came) && sent[alike] == came[alike] {
		alike++
	}
	from := 0
	if alike > shownBytes/2 {
		from = alike - beforeBytes
	}
	return difference{field, results.FieldChanged, shownFrom(sent, from), shownFrom(came, from)}
}

// shownFrom is a text from a place on, cut to so many bytes and not within a
// character; what is not valid UTF-8, or cannot be seen, is quoted. A text that is cut
// says how long it is.
func shownFrom(s string, from int) string {
	for from > 0 && from < len(s) && !utf8.RuneStart(s[from]) {
		from--
	}
	to := len(s)
	if to-from > shownBytes {
		for to = from + shownBytes; to > from && !utf8.RuneStart(s[to]); {
			to--
		}
	}
	part := s[from:to]
	if !utf8.ValidString(part) || strings.ContainsFunc(part, func(r rune) bool { return !strconv.IsPrint(r) }) {
		part = strconv.Quote(part)
	}
	if from > 0 {
		part = "…" + part
	}
	if to < len(s) {
		part += "…"
	}
	if from > 0 || to < len(s) {
		part += fmt.Sprintf(" (%d bytes)", len(s))
	}
	if part == "" {
		return `""`
	}
	return part
}

// pair finds for each span that was sent the one that came with its id; -1 for none.
// Of several with one id each is taken once, the most alike first: nobody else can
// tell which of them came.
func pair(sent, came []span, otlp bool) []int {
	byID := make(map[uint64][]int, len(came))
	for i := range came {
		byID[came[i].spanID] = append(byID[came[i].spanID], i)
	}
	pairs := make([]int, len(sent))
	var scratch []difference
	for i := range sent {
		list := byID[sent[i].spanID]
		best, least := -1, math.MaxInt
		for k, at := range list {
			if len(list) > 1 {
				scratch = compare(scratch[:0], &sent[i], &came[at], otlp)
			}
			if len(scratch) < least {
				best, least = k, len(scratch)
			}
		}
		pairs[i] = -1
		if best >= 0 {
			pairs[i] = list[best]
			byID[sent[i].spanID] = slices.Delete(list, best, best+1)
		}
		scratch = scratch[:0]
	}
	return pairs
}
