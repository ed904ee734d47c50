// Package document reads YAML into a tree that knows where everything was
// written. Anchors, aliases and merge keys are resolved, duplicate keys and
// documents that would blow up are refused. It knows nothing of scenarios.
package document

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds on a document. The YAML parser takes time quadratic in the number of
// lines and recurses with the depth, so both are checked before it runs.
const (
	MaxBytes = 1 << 20
	MaxLines = 10_000
	MaxDepth = 64
	MaxNodes = 200_000 // after aliases are resolved
)

// Kind says what a node is.
type Kind uint8

// The kinds of nodes.
const (
	Null Kind = iota
	Scalar
	List
	Map
)

// String says what a person would call it.
func (k Kind) String() string {
	return [...]string{"nothing", "a single value", "a list", "a mapping"}[k]
}

// Source is a text that is read: a file, or an argument of the command line.
type Source struct {
	Label string
	lines []string
	shift int // runes before the YAML on the first line
}

// byteOrderMark is what some editors put before a text; it is no part of it.
const byteOrderMark = "\uFEFF"

// NewSource returns the source of text. The YAML of it begins after prefix.
func NewSource(label, prefix, text string) *Source {
	text = strings.TrimPrefix(text, byteOrderMark)
	return &Source{Label: label, lines: splitLines(prefix + text), shift: utf8.RuneCountInString(prefix)}
}

// Place is a position in a source; line and column count from 1, columns in runes.
type Place struct {
	Source       *Source
	Line, Column int
}

// String is label:line:column.
func (p Place) String() string {
	if p.Source == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", p.Source.Label, p.Line, p.Column)
}

// excerptWidth is the most runes of a source line that an excerpt shows.
const excerptWidth = 120

// Excerpt is the line of the place with a caret below the column.
func (p Place) Excerpt() string {
	if p.Source == nil || p.Line < 1 || p.Line > len(p.Source.lines) {
		return ""
	}
	line := []rune(p.Source.lines[p.Line-1])
	col := min(max(p.Column-1, 0), len(line))
	before, after := "", ""
	if col > excerptWidth/2 && len(line) > excerptWidth {
		cut := col - excerptWidth/2
		line, col, before = line[cut:], col-cut, "…"
	}
	if len(line) > excerptWidth {
		line, after = line[:excerptWidth], "…"
	}
	for i, r := range line {
		if r < ' ' || r == 0x7f {
			line[i] = ' ' // tabs would move the caret
		}
	}
	number := fmt.Sprintf("%5d", p.Line)
	return fmt.Sprintf("%s | %s%s%s\n%s | %s^", number, before, string(line), after,
		strings.Repeat(" ", len(number)), strings.Repeat(" ", len([]rune(before))+col))
}

// Node is a value of a document.
type Node struct {
	Place
	Kind   Kind
	Text   string // of a scalar
	Quoted bool   // a scalar in quotes or a block: text, whatever it looks like
	Items  []*Node
	Pairs  []Pair
	Key    *Node // the key under which it stands, if any
}

// Pair is one key of a mapping with its value.
type Pair struct{ Key, Value *Node }

// Get returns the value of a key, nil when there is none.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for _, p := range n.Pairs {
		if p.Key.Text == key {
			return p.Value
		}
	}
	return nil
}

// add appends a key that is known to be new.
func (n *Node) add(key, value *Node) {
	value.Key = key
	n.Pairs = append(n.Pairs, Pair{key, value})
}

// Set gives a key a value, in place of the one it has.
func (n *Node) Set(key, value *Node) {
	i := slices.IndexFunc(n.Pairs, func(p Pair) bool { return p.Key.Text == key.Text })
	if i < 0 {
		n.add(key, value)
		return
	}
	value.Key = key
	n.Pairs[i] = Pair{key, value}
}

// Keys are the keys of a mapping in order.
func (n *Node) Keys() []string {
	var keys []string
	for _, p := range n.Pairs {
		keys = append(keys, p.Key.Text)
	}
	return keys
}

// Begin is where a person looks for the node: at its key when it is a mapping
// or a list, else at the node.
func (n *Node) Begin() Place {
	if n.Key != nil && n.Kind != Scalar {
		return n.Key.Place
	}
	return n.Place
}

// Trouble is one thing wrong with a document.
type Trouble struct {
	Place
	Message, Hint string
}

func splitLines(text string) []string { return strings.Split(unixLines(text), "\n") }

// unixLines turns all line ends of YAML into one kind; the parser miscounts the others.
func unixLines(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// Inside is the place of a byte of the node's text, as near as its quotes allow.
func (n *Node) Inside(offset int) Place {
	p := n.Place
	if p.Source == nil || p.Line < 1 || p.Line > len(p.Source.lines) || offset > len(n.Text) {
		return p
	}
	line := []rune(p.Source.lines[p.Line-1])
	begin := p.Column - 1
	if n.Quoted {
		begin++
	}
	before := []rune(n.Text[:offset])
	// Escapes and folded lines look different from the text: stay at its start.
	if begin+len(before) > len(line) || string(line[begin:begin+len(before)]) != string(before) {
		return p
	}
	p.Column = begin + len(before) + 1
	return p
}
