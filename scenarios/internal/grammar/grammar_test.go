package grammar

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/scenarios/internal/document"
)

// A small language: a menu of dishes.
type (
	menu struct {
		Name   string           `json:"name" lang:"required" doc:"Name."`
		Open   bool             `json:"open" doc:"Open today."`
		Seats  int              `json:"seats" lang:"min=1;max=90" doc:"Seats."`
		Dishes []dish           `json:"dishes" doc:"Dishes."`
		Cellar map[string]*wine `json:"cellar" doc:"Wines."`
		Stars  map[string]grade `json:"stars" doc:"By guide."`
	}
	dish struct {
		Name   string   `json:"name" doc:"Name."`
		Kind   string   `json:"kind" lang:"enum=soup|roast" doc:"Kind."`
		Served []string `json:"served" lang:"one" doc:"With."`
		Weight grams    `json:"weight" doc:"Weight."`
	}
	wine struct {
		Year uint64 `json:"year" lang:"required" doc:"Year."`
	}
	grams float64
	grade int
)

func weigh(s string) (grams, *Misread) {
	number, ok := strings.CutSuffix(s, "g")
	f, wrong := ParseNumber(number)
	if !ok || wrong != nil {
		return 0, Misreadf("write 250g", "%q is no weight", s)
	}
	return grams(f), nil
}

func food() Language {
	return Language{
		Setting: "seats=9", Names: []string{"name"},
		Defaults: func(target any) {
			if m, ok := target.(*menu); ok {
				m.Seats = 4
			}
		},
		Types: map[reflect.Type]Type{
			reflect.TypeFor[grams](): {Read: Scalar("a weight", "write 250g", weigh), Pattern: `[0-9]+g`},
			reflect.TypeFor[dish]():  {Label: "a dish", Key: "name", Item: "dish"},
			reflect.TypeFor[wine]():  {Label: "the wine %s"},
			reflect.TypeFor[grade](): {Keys: []string{"red", "blue"}},
		},
	}
}

// read decodes a text with settings; problems are on a line each.
func read(text string, sets ...string) (menu, []string) {
	d := NewDecoder(food())
	sources := []*document.Source{document.NewSource("menu", "", text)}
	root, troubles := document.Read(sources[0], []byte(text))
	d.Report(troubles)
	for _, set := range sets {
		sources = append(sources, d.Set(root, reflect.TypeFor[menu](), set))
	}
	var m menu
	d.Decode(root, &m, "a menu")
	var list []string
	for _, t := range d.Troubles(sources) {
		list = append(list, t.String()+": "+t.Message+"; "+t.Hint)
	}
	return m, list
}

const whole = `name: inn
dishes:
  - {name: broth, kind: soup, served: bread, weight: 300g}
  - {served: [salt, oil]}
cellar: {port: {year: 1990}}
stars: {red: 2}
`

func TestDecode(t *testing.T) {
	got, wrong := read(whole, "dishes.broth.kind=roast", "dishes.dish-2.weight=5g", "cellar.port.year=2001", "open=true")
	want := menu{
		Name: "inn", Open: true, Seats: 4, Cellar: map[string]*wine{"port": {2001}}, Stars: map[string]grade{"red": 2},
		Dishes: []dish{{"broth", "roast", []string{"bread"}, 300}, {"", "", []string{"salt", "oil"}, 5}},
	}
	if diff := cmp.Diff(want, got); diff != "" || len(wrong) > 0 {
		t.Errorf("problems %q, -want +got\n%s", wrong, diff)
	}
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		text, set string
		want      []string
	}{
		{"seats: 91\n", "", []string{
			`menu:1:1: a menu needs "name"; add ` + "`name: …`",
			"menu:1:8: seats must be a whole number from 1 to 90, not 91; write for example 1",
		}},
		{"name: x\nopne: true\n", "", []string{`menu:2:1: a menu has no key "opne"; did you mean "open"?`}},
		{"name: x\ndishes: [{kind: sop}, 3]\n", "", []string{
			`menu:2:17: kind has no choice "sop"; did you mean "soup"?`,
			"menu:2:23: a dish must be a mapping, not 3; ",
		}},
		{"name: x\ncellar: {port: {}}\n", "", []string{`menu:2:10: the wine port needs "year"; add ` + "`year: …`"}},
		{"name: x\ndishes: [{weight: 3kg}]\n", "", []string{`menu:2:19: weight: "3kg" is no weight; write 250g`}},
		{"name: 3\nopen: yes\n", "", []string{
			"menu:1:7: name must be a text, and YAML reads 3 as something else; put it in quotes",
			"menu:2:7: open must be true or false, not yes; write true",
		}},
		{whole, "seats", []string{"--set seats:1:1: this is not PATH=VALUE; write for example seats=9"}},
		{whole, "dishes.brooth.kind=soup", []string{`--set dishes.brooth.kind=soup:1:8: no such path: there is no "brooth" in a list of 2; did you mean "broth"?`}},
		{whole, "cellar.prot.year=1", []string{`--set cellar.prot.year=1:1:8: no such path: there is no "prot"; did you mean "port"?`}},
		{whole, "seats=many", []string{"--set seats=many:1:7: seats must be a whole number from 1 to 90, not many; write for example 1"}},
	} {
		var sets []string
		if tt.set != "" {
			sets = append(sets, tt.set)
		}
		if _, got := read(tt.text, sets...); !cmp.Equal(got, tt.want) {
			t.Errorf("%s%s: -want +got\n%s", tt.text, tt.set, cmp.Diff(tt.want, got))
		}
	}
}

func TestSchema(t *testing.T) {
	schema, err := food().Schema(reflect.TypeFor[menu]()).Resolve(&jsonschema.ResolveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for text, fits := range map[string]bool{
		`{"name": "inn", "dishes": [{"kind": "soup", "served": "bread", "weight": "300g"}, {"served": ["a"]}]}`: true,
		`{"name": "inn", "cellar": {"port": {"year": 1990}}, "stars": {"red": 1}}`:                              true,
		`{}`:                           false,
		`{"name": "inn", "seats": 91}`: false,
		`{"name": "inn", "seat": 1}`:   false,
		`{"name": "inn", "dishes": [{"weight": "3kg"}]}`: false,
		`{"name": "inn", "dishes": [{"kind": "fish"}]}`:  false,
		`{"name": "inn", "cellar": {"port": {}}}`:        false,
		`{"name": "inn", "stars": {"green": 1}}`:         false,
	} {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); (err == nil) != fits {
			t.Errorf("%s: %v, want a fit: %v", text, err, fits)
		}
	}
}

func TestPlaces(t *testing.T) {
	d := NewDecoder(food())
	root, _ := document.Read(document.NewSource("menu", "", whole), []byte(whole))
	var m menu
	d.Decode(root, &m, "a menu")
	for _, tt := range []struct {
		path    []any
		written bool
		line    int
	}{
		{nil, true, 1},
		{[]any{"dishes", 1}, true, 4},
		{[]any{"dishes", 1, "kind"}, false, 4}, // its nearest ancestor
		{[]any{"cellar", "port", "year"}, true, 5},
		{[]any{"seats"}, false, 1},
	} {
		if got := d.Place(tt.path...).Line; got != tt.line || d.Written(tt.path...) != tt.written {
			t.Errorf("%v: line %d, written %v; want %d, %v", tt.path, got, d.Written(tt.path...), tt.line, tt.written)
		}
	}
	path := []any{"dishes", 1}
	if d.Unread(path...) {
		t.Error("unread without a problem")
	}
	d.Fail(path, "", "first")
	d.Fail(path, "", "second")
	if got := d.Troubles(nil); len(got) != 1 || got[0].Message != "first" || !d.Unread(path...) {
		t.Errorf("a place that has a problem got another: %v", got)
	}
}

func TestDidYouMean(t *testing.T) {
	for _, tt := range []struct {
		name       string
		candidates []string
		want       string
	}{
		{"raet", []string{"rate", "steps"}, `did you mean "rate"?`}, // neighbours swapped
		{"RATE", []string{"rate"}, `did you mean "rate"?`},
		{"x", []string{"rate", "steps"}, "there are rate, steps"},
		{"x", nil, ""},
		{"x", strings.Split(strings.Repeat("alpha ", 25), " "), "there are 26, such as " + strings.TrimSuffix(strings.Repeat("alpha, ", 8), ", ")},
	} {
		if got := DidYouMean(tt.name, tt.candidates); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Law: what FormatNumber writes is read as the same number again.
func TestNumbersRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64Range(-1e15, 1e15).Draw(t, "f")
		got, wrong := ParseNumber(FormatNumber(f))
		if wrong != nil || got != f {
			t.Fatalf("%g is written as %s and read as %g (%v)", f, FormatNumber(f), got, wrong)
		}
	})
}

// FuzzNumberLen holds that what NumberLen takes for a number is one, and that it
// misses none but those it is documented to.
func FuzzNumberLen(f *testing.F) {
	for _, s := range []string{"1", "-1.5e3", "1..3", "1e", "0x1", "1_0", "Inf", "5 MB/s", "+.5", "1.", "1e+5x", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := NumberLen(s)
		if n > 0 {
			if _, err := strconv.ParseFloat(s[:n], 64); err != nil && !strings.Contains(err.Error(), "out of range") {
				t.Errorf("%q begins with %q, which is no number: %v", s, s[:n], err)
			}
		}
		if strings.Trim(s, "0123456789") == "" && IsNumber(s) != (s != "") {
			t.Errorf("%q are digits, and IsNumber says %v", s, IsNumber(s))
		}
	})
}
