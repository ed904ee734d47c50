package grammar

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/scenarios/internal/document"
)

// setter puts one --set PATH=VALUE into a document.
type setter struct {
	*Decoder
	source *document.Source
	value  *document.Node
}

// part is one step of a path with its offset in runes, for the caret.
type part struct {
	text string
	at   int
}

// Set puts one setting, PATH=VALUE, into a document of type t, and returns the
// source under which problems with the path or the value are reported.
func (d *Decoder) Set(root *document.Node, t reflect.Type, set string) *document.Source {
	path, value, ok := cutSet(set)
	label := "--set " + set
	if runes := []rune(label); len(runes) > 60 {
		label = string(runes[:60]) + "…"
	}
	label = strings.Join(strings.Fields(label), " ")
	s := &setter{Decoder: d}
	if !ok {
		s.source = document.NewSource(label, set, "")
		d.Add(s.column(0), "write for example "+d.lang.Setting, "this is not PATH=VALUE")
		return s.source
	}
	s.source = document.NewSource(label, path+"=", value)
	node, troubles := document.Read(s.source, []byte(value))
	d.Report(troubles)
	if node == nil || len(troubles) > 0 {
		return s.source
	}
	s.value = node
	s.walk(root, t, split(path))
	return s.source
}

// cutSet divides at the first = outside of quotes.
func cutSet(set string) (path, value string, ok bool) {
	quoted := false
	for i, r := range set {
		switch {
		case r == '"':
			quoted = !quoted
		case r == '=' && !quoted:
			return set[:i], set[i+1:], true
		}
	}
	return set, "", false
}

// split divides a path at its dots; dots in double quotes do not divide.
func split(path string) []part {
	var parts []part
	var text strings.Builder
	quoted, begin, i := false, 0, 0
	for _, r := range path {
		switch {
		case r == '"':
			quoted = !quoted
		case r == '.' && !quoted:
			parts = append(parts, part{text.String(), begin})
			text.Reset()
			begin = i + 1
		default:
			text.WriteRune(r)
		}
		i++
	}
	return append(parts, part{text.String(), begin})
}

func (s *setter) column(at int) document.Place {
	return document.Place{Source: s.source, Line: 1, Column: at + 1}
}

func (s *setter) fail(p part, hint, format string, args ...any) {
	s.Add(s.column(p.at), hint, "no such path: "+format, args...)
}

// key makes a key node of a part, placed in the path.
func (s *setter) key(p part) *document.Node {
	return &document.Node{Place: s.column(p.at), Kind: document.Scalar, Text: p.text, Quoted: true}
}

// walk follows the path through the document and the grammar at once and puts the value at its end.
func (s *setter) walk(n *document.Node, t reflect.Type, parts []part) {
	t = deref(t)
	switch {
	case t.Kind() == reflect.Map:
		s.inMap(n, t, parts)
	case t.Kind() == reflect.Slice:
		s.inList(n, t, parts)
	default:
		s.inFields(n, t, parts)
	}
}

// become makes a mapping of a node that is something else.
func (s *setter) become(n *document.Node, t reflect.Type) {
	if n.Kind == document.Map {
		return
	}
	if key := s.lang.of(t).Key; key != "" && n.Kind == document.Scalar {
		single := &document.Node{Place: n.Place, Kind: document.Scalar, Text: n.Text, Quoted: n.Quoted}
		n.Kind = document.Map
		n.Set(&document.Node{Place: n.Place, Kind: document.Scalar, Text: key}, single)
		return
	}
	n.Place, n.Kind, n.Text, n.Items = s.value.Place, document.Map, "", nil
	if n.Key != nil { // what is wrong with it from here on is wrong with the setting
		key := *n.Key
		key.Place, n.Key = s.value.Place, &key
	}
}

func (s *setter) inFields(n *document.Node, t reflect.Type, parts []part) {
	p := parts[0]
	mapping, ok := s.lang.mapping(t)
	if !ok {
		s.fail(p, "leave it out", "there is nothing below this value, and so no %s", Shorten(p.text))
		return
	}
	fields := fieldsOf(mapping)
	for _, f := range fields {
		if f.name != p.text {
			continue
		}
		s.become(n, t)
		if len(parts) == 1 {
			n.Set(s.key(p), s.value)
			return
		}
		child := n.Get(f.name)
		if child == nil {
			child = &document.Node{Place: s.value.Place, Kind: document.Map}
			if kind := f.typ.Kind(); kind == reflect.Slice {
				child.Kind = document.List
			}
			// Only kept when the rest of the path holds.
			before := len(s.troubles)
			s.walk(child, f.typ, parts[1:])
			if len(s.troubles) == before {
				n.Set(s.key(p), child)
			}
			return
		}
		s.walk(child, f.typ, parts[1:])
		return
	}
	s.fail(p, DidYouMean(p.text, names(fields)), "there is no key %s", Shorten(p.text))
}

// inMap finds the key; a key may hold dots, so the longest that is there wins.
func (s *setter) inMap(n *document.Node, t reflect.Type, parts []part) {
	for i := len(parts); i > 0; i-- {
		key := joined(parts[:i])
		child := n.Get(key.text)
		switch {
		case child == nil:
			continue
		case i == len(parts):
			n.Set(s.key(key), s.value)
		default:
			s.walk(child, t.Elem(), parts[i:])
		}
		return
	}
	_, deep := s.lang.mapping(t.Elem())
	deep = deep && s.lang.of(t.Elem()).Mapping == nil
	if len(parts) > 1 && deep {
		hint := "the mapping is empty"
		if keys := n.Keys(); len(keys) > 0 {
			hint = DidYouMean(parts[0].text, keys)
		}
		s.fail(parts[0], hint, "there is no %s", Shorten(parts[0].text))
		return
	}
	s.become(n, t)
	key := parts[0]
	if !deep {
		key = joined(parts)
	}
	n.Set(s.key(key), s.value)
}

func joined(parts []part) part {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.text
	}
	return part{strings.Join(texts, "."), parts[0].at}
}

// inList finds an item by its index or by its name.
func (s *setter) inList(n *document.Node, t reflect.Type, parts []part) {
	for i := len(parts); i > 0; i-- { // a name may hold dots
		key := joined(parts[:i])
		index := s.index(n, t, key.text)
		if index < 0 {
			continue
		}
		if i == len(parts) {
			n.Items[index] = s.value
			return
		}
		s.walk(n.Items[index], t.Elem(), parts[i:])
		return
	}
	var known []string
	for i := range n.Items {
		known = append(known, s.itemName(n.Items[i], t.Elem(), i))
	}
	if n.Kind != document.List {
		s.fail(parts[0], "leave it out, or write the value as a list first", "this is not a list, and has no %s", Shorten(parts[0].text))
		return
	}
	s.fail(parts[0], DidYouMean(parts[0].text, known), "there is no %s in a list of %d", Shorten(parts[0].text), len(n.Items))
}

func (s *setter) index(n *document.Node, t reflect.Type, name string) int {
	for i, item := range n.Items {
		if s.itemName(item, t.Elem(), i) == name {
			return i
		}
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.Items) {
		return i
	}
	return -1
}

// itemName is the name of a list item as it is written or by default, else its index.
func (s *setter) itemName(item *document.Node, t reflect.Type, i int) string {
	for _, key := range s.lang.Names {
		if child := item.Get(key); child != nil && child.Kind == document.Scalar {
			return child.Text
		}
	}
	if name := s.lang.of(t).Item; name != "" {
		return fmt.Sprintf("%s-%d", name, i+1)
	}
	return strconv.Itoa(i)
}
