package grammar

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spanstorm/spanstorm/scenarios/internal/document"
)

// Decoder fills values from documents, remembers where everything was written,
// and collects what is wrong with it.
type Decoder struct {
	Collector
	lang  Language
	nodes map[string]*document.Node // by path
}

// NewDecoder returns a decoder of a language.
func NewDecoder(lang Language) *Decoder {
	return &Decoder{lang: lang, nodes: map[string]*document.Node{}}
}

// Spot is a value in a document: the node, and what is asked of it there.
type Spot struct {
	*document.Node
	Label string // what messages call it: the key it stands under
	Rule  Rule
	path  string
}

// at is a spot below another one.
func (s Spot) at(part any, n *document.Node, label string, r Rule) Spot {
	return Spot{Node: n, Label: label, Rule: r, path: join(s.path, part)}
}

// Decode reads a document into target, a pointer.
func (d *Decoder) Decode(root *document.Node, target any, label string) {
	d.Value(target, Spot{Node: root, Label: label})
}

// Value reads a value into target, a pointer.
func (d *Decoder) Value(target any, s Spot) { d.value(reflect.ValueOf(target).Elem(), s) }

// Plain reads a value into target, a pointer, as its kind says.
func (d *Decoder) Plain(target any, s Spot) { d.plain(reflect.ValueOf(target).Elem(), s) }

// Note remembers what stands under a key of s, where [Type.Read] reads it by itself.
func (d *Decoder) Note(s Spot, key string, n *document.Node) { d.nodes[join(s.path, key)] = n }

// MustBe reports a value of the wrong kind.
func (d *Decoder) MustBe(n *document.Node, label, want, hint string) {
	switch n.Kind {
	case document.Null:
		if hint == "" {
			hint = "give it a value, or leave the line out"
		}
		d.Add(n.Begin(), hint, "%s is empty; it must be %s", label, want)
	case document.Scalar:
		text := Shorten(n.Text)
		if !n.Quoted {
			text = strings.Trim(text, `"`)
		}
		d.Add(n.Place, hint, "%s must be %s, not %s", label, want, text)
	default:
		d.Add(n.Begin(), hint, "%s must be %s, not %s", label, want, n.Kind)
	}
}

// Reads makes a [Type.Read] of a function that reads values of type T.
func Reads[T any](read func(d *Decoder, target *T, s Spot)) func(*Decoder, reflect.Value, Spot) {
	return func(d *Decoder, v reflect.Value, s Spot) {
		if target, ok := reflect.TypeAssert[*T](v.Addr()); ok {
			read(d, target, s)
		}
	}
}

// Scalar makes a [Type.Read] of the parser of a single value. What a value must
// be, and what to write, is for one of another kind.
func Scalar[T any](want, hint string, parse func(string) (T, *Misread)) func(*Decoder, reflect.Value, Spot) {
	return Reads(func(d *Decoder, target *T, s Spot) {
		if s.Kind != document.Scalar {
			d.MustBe(s.Node, s.Label, want, hint)
			return
		}
		value, wrong := parse(s.Text)
		if wrong != nil {
			d.Add(s.Place, wrong.Hint, "%s: %s", s.Label, wrong.Message)
			return
		}
		*target = value
	})
}

// Singles are the texts of nodes that must be single values, whatever YAML
// takes them for.
func (d *Decoder) Singles(label string, nodes ...*document.Node) []string {
	var values []string
	for _, n := range nodes {
		if n.Kind != document.Scalar || !utf8.ValidString(n.Text) {
			d.MustBe(n, label, "a single value", "")
			continue
		}
		values = append(values, n.Text)
	}
	return values
}

// value reads s into v.
func (d *Decoder) value(v reflect.Value, s Spot) {
	d.nodes[s.path] = s.Node
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	d.lang.Defaults(v.Addr().Interface())
	if read := d.lang.of(v.Type()).Read; read != nil {
		read(d, v, s)
		return
	}
	d.plain(v, s)
}

// plain reads the kinds that need no parser of their own.
func (d *Decoder) plain(v reflect.Value, s Spot) {
	switch v.Kind() {
	case reflect.String:
		d.text(v, s)
	case reflect.Bool:
		if s.Kind != document.Scalar || s.Quoted || s.Text != "true" && s.Text != "false" {
			d.MustBe(s.Node, s.Label, "true or false", truth(s.Node))
			return
		}
		v.SetBool(s.Text == "true")
	case reflect.Int, reflect.Uint64:
		d.whole(v, s)
	case reflect.Float64:
		if s.Kind != document.Scalar || s.Quoted {
			d.MustBe(s.Node, s.Label, "a number", "")
			return
		}
		f, wrong := ParseNumber(s.Text)
		if wrong != nil {
			d.Add(s.Place, wrong.Hint, "%s: %s", s.Label, wrong.Message)
			return
		}
		v.SetFloat(f)
	case reflect.Slice:
		d.list(v, s)
	case reflect.Map:
		d.mapping(v, s)
	case reflect.Struct:
		d.fields(v, s)
	}
}

// withoutQuotes is the remedy where quotes make a text of what is right.
const withoutQuotes = "write it without quotes"

// truth is what to write for a truth value that is none: YAML 1.1 had more
// words for them than its successor has.
func truth(n *document.Node) string {
	if n.Kind == document.Scalar {
		if n.Quoted && (n.Text == "true" || n.Text == "false") {
			return withoutQuotes
		}
		switch strings.ToLower(n.Text) {
		case "true", "yes", "y", "on", "1":
			return "write true"
		case "false", "no", "n", "off", "0":
			return "write false"
		}
	}
	return "write true or false"
}

func (d *Decoder) text(v reflect.Value, s Spot) {
	if s.Kind != document.Scalar {
		d.MustBe(s.Node, s.Label, "a text", "")
		return
	}
	if !s.Quoted && looksTyped(s.Text) {
		d.Add(s.Place, "put it in quotes", "%s must be a text, and YAML reads %s as something else", s.Label, s.Text)
		return
	}
	if !utf8.ValidString(s.Text) {
		d.Add(s.Place, "write it as UTF-8", "%s holds bytes that are no text", s.Label)
		return
	}
	if s.Rule.Enum != nil && !slices.Contains(s.Rule.Enum, s.Text) {
		d.Add(s.Place, DidYouMean(s.Text, s.Rule.Enum), "%s has no choice %s", s.Label, Shorten(s.Text))
		return
	}
	v.SetString(s.Text)
}

// looksTyped says that YAML reads a plain scalar as a number or a truth value.
func looksTyped(s string) bool {
	return IsNumber(s) || s == "true" || s == "false"
}

func (d *Decoder) whole(v reflect.Value, s Spot) {
	low, high := 0.0, float64(1<<62)
	if s.Rule.Min != nil {
		low = *s.Rule.Min
	}
	if s.Rule.Max != nil {
		high = *s.Rule.Max
	}
	hint := "write for example " + cmp.Or(s.Rule.Such, FormatNumber(max(low, 1)))
	single := s.Kind == document.Scalar && !s.Quoted
	if s.Kind == document.Scalar && s.Quoted && IsNumber(s.Text) {
		hint = withoutQuotes
	}
	if v.Kind() == reflect.Uint64 && s.Rule.Max == nil {
		u, err := strconv.ParseUint(s.Text, 10, 64)
		if !single || err != nil {
			d.MustBe(s.Node, s.Label, "a whole number from 0 to 18446744073709551615", hint)
			return
		}
		v.SetUint(u)
		return
	}
	i, err := strconv.ParseInt(s.Text, 10, 64)
	if !single || err != nil || float64(i) < low || float64(i) > high {
		d.MustBe(s.Node, s.Label, "a whole number from "+FormatNumber(low)+" to "+FormatNumber(high), hint)
		return
	}
	if v.Kind() == reflect.Uint64 {
		v.SetUint(uint64(i))
		return
	}
	v.SetInt(i)
}

// itemLabel is what messages call an item of a list or a mapping.
func (d *Decoder) itemLabel(t reflect.Type, key string) string {
	return strings.Replace(cmp.Or(d.lang.of(t).Label, "%s"), "%s", key, 1)
}

func (d *Decoder) list(v reflect.Value, s Spot) {
	items := s.Items
	if s.Rule.One && s.Kind == document.Scalar {
		items = []*document.Node{s.Node}
	} else if s.Kind != document.List {
		want, hint := "a list", "begin each line of it with a dash"
		if s.Rule.One {
			want, hint = "a text or a list of texts", ""
		}
		d.MustBe(s.Node, s.Label, want, hint)
		return
	}
	if len(items) == 0 {
		return
	}
	list := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		d.value(list.Index(i), s.at(i, item, d.itemLabel(v.Type().Elem(), s.Label), Rule{}))
	}
	v.Set(list)
}

func (d *Decoder) mapping(v reflect.Value, s Spot) {
	if s.Kind != document.Map {
		d.MustBe(s.Node, s.Label, "a mapping of names", "")
		return
	}
	if len(s.Pairs) == 0 {
		if v.Len() > 0 {
			v.SetZero() // a default
		}
		return
	}
	m := reflect.MakeMapWithSize(v.Type(), len(s.Pairs))
	for _, p := range s.Pairs {
		key, elem := p.Key.Text, reflect.New(v.Type().Elem()).Elem()
		if !utf8.ValidString(key) {
			d.Add(p.Key.Place, "write it as UTF-8", "a name in %s holds bytes that are no text", s.Label)
			continue
		}
		d.value(elem, s.at(key, p.Value, d.itemLabel(elem.Type(), key), Rule{}))
		m.SetMapIndex(reflect.ValueOf(key), elem)
	}
	v.Set(m)
}

// fields reads a mapping of known keys.
func (d *Decoder) fields(v reflect.Value, s Spot) {
	if s.Kind != document.Map {
		d.MustBe(s.Node, s.Label, "a mapping", "")
		return
	}
	fields := fieldsOf(v.Type())
	known := map[string]field{}
	for _, f := range fields {
		known[f.name] = f
	}
	for _, p := range s.Pairs {
		f, ok := known[p.Key.Text]
		if !ok {
			d.Add(p.Key.Place, DidYouMean(p.Key.Text, names(fields)), "%s has no key %s", s.Label, Shorten(p.Key.Text))
			// What it was meant for counts as written, and as what could not be read:
			// it has its problem.
			if meant := Nearest(p.Key.Text, names(fields)); meant != "" && s.Get(meant) == nil {
				d.nodes[join(s.path, meant)] = p.Key
			}
			continue
		}
		d.value(v.Field(f.at), s.at(f.name, p.Value, f.name, f.rule))
	}
	for _, f := range fields {
		if f.rule.Required && d.nodes[join(s.path, f.name)] == nil {
			d.Add(s.Begin(), "add `"+f.name+": …`", "%s needs %q", s.Label, f.name)
		}
	}
}
