package document

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Read reads the one document of a source. With trouble, the node holds what
// could be read all the same, and is nil when nothing could.
func Read(src *Source, text []byte) (*Node, []Trouble) {
	r := &reader{src: src, anchors: map[string]*Node{}}
	root := r.read(text)
	return root, r.troubles
}

type reader struct {
	src      *Source
	anchors  map[string]*Node
	nodes    int
	full     bool
	troubles []Trouble
}

func (r *reader) fail(at Place, hint, format string, args ...any) {
	r.troubles = append(r.troubles, Trouble{Place: at, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (r *reader) place(line, column int) Place {
	line, column = min(max(line, 1), len(r.src.lines)), max(column, 1)
	if line == 1 {
		column += r.src.shift
	}
	column = min(column, utf8.RuneCountInString(r.src.lines[line-1])+1)
	return Place{Source: r.src, Line: line, Column: column}
}

func (r *reader) at(tk *token.Token) Place {
	if tk == nil || tk.Position == nil {
		return r.place(1, 1)
	}
	return r.place(tk.Position.Line, tk.Position.Column)
}

func (r *reader) read(text []byte) *Node {
	start := r.place(1, 1)
	if len(text) > MaxBytes {
		r.fail(start, "split it, or let anchors and aliases do the repeating", "the text has %d bytes, more than %d", len(text), MaxBytes)
		return nil
	}
	if i := firstUnreadable(text); i >= 0 {
		before := unixLines(string(text[:i]))
		line := strings.Count(before, "\n") + 1
		column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
		r.fail(r.place(line, column), "save it as UTF-8 text", "the text holds a byte (0x%02x) that is no text", text[i])
		return nil
	}
	if n := len(r.src.lines); n > MaxLines {
		r.fail(start, "split it, or let anchors and aliases do the repeating", "the text has %d lines, more than %d", n, MaxLines)
		return nil
	}
	file, err := parse(unixLines(strings.TrimPrefix(string(text), byteOrderMark)))
	if err != nil {
		r.syntax(err)
		return nil
	}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool {
		_, directive := d.Body.(*ast.DirectiveNode)
		return directive || d.Body == nil
	})
	if len(docs) == 0 {
		return &Node{Place: start}
	}
	if len(docs) > 1 {
		r.fail(r.at(docs[1].Start), "keep one document per file", "there are %d documents in one text", len(docs))
	}
	root := r.node(docs[0].Body, start)
	if r.full {
		return nil // what was read is torn
	}
	return root
}

// firstUnreadable finds the first byte that YAML does not allow; -1: none.
func firstUnreadable(text []byte) int {
	for i := 0; i < len(text); {
		c, n := utf8.DecodeRune(text[i:])
		if c == utf8.RuneError && n <= 1 || c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return i
		}
		i += n
	}
	return -1
}

type tooDeepError struct{ at *token.Token }

func (e *tooDeepError) Error() string { return "nested too deeply" }

var errParser = errors.New("the YAML parser gave up on it")

// parse runs the YAML parser within bounds. The parser is known to recurse as
// deep as its input, and its panics on odd input must not be ours.
func parse(s string) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			file, err = nil, fmt.Errorf("%w: %v", errParser, r)
		}
	}()
	tokens := lexer.Tokenize(s)
	if tk := deepest(tokens); tk != nil {
		return nil, &tooDeepError{tk}
	}
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// deepest returns the first token nested deeper than MaxDepth, nil if there is
// none. Block nesting is read off the columns: a token opens a level for each
// column that it stands right of the levels before it.
func deepest(tokens token.Tokens) *token.Token {
	flow, run := 0, 0
	var columns []int
	for _, tk := range tokens {
		switch tk.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(flow-1, 0)
		}
		switch tk.Type {
		case token.AnchorType, token.TagType, token.MappingKeyType:
			run++
		case token.SequenceEntryType, token.StringType:
		default:
			run = 0
		}
		if flow == 0 && tk.Position != nil && tk.Type != token.CommentType {
			c := tk.Position.Column
			for len(columns) > 0 && columns[len(columns)-1] >= c {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, c)
		}
		if flow > MaxDepth || run > MaxDepth || len(columns) > 4*MaxDepth {
			return tk
		}
	}
	return nil
}

func (r *reader) syntax(err error) {
	var deep *tooDeepError
	var wrong *yaml.SyntaxError
	switch {
	case errors.As(err, &deep):
		r.fail(r.at(deep.at), "", "values are nested more than %d levels deep", MaxDepth)
	case errors.As(err, &wrong):
		at := r.at(wrong.Token)
		line := r.src.lines[at.Line-1]
		if indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]; strings.Contains(indent, "\t") {
			at.Column = strings.IndexByte(indent, '\t') + 1
			r.fail(at, "indent with spaces", "a tab stands in the indentation")
			return
		}
		r.fail(at, hintFor(wrong.Message), "this is not YAML: %s", wrong.Message)
	default:
		r.fail(r.place(1, 1), "", "this is not YAML: %v", err)
	}
}

// hintFor says what to do about the parser's commonest complaints.
func hintFor(message string) string {
	switch {
	case strings.Contains(message, "mapping value is not allowed"):
		return "put the value in quotes if it holds a colon, or start a new line"
	case strings.Contains(message, "must be specified"):
		return "close every [ with ] and every { with }, with commas between"
	case strings.Contains(message, "non-map value"), strings.Contains(message, "unexpected key name"):
		return "write `key: value`, and indent the keys of one mapping alike"
	}
	return "check the indentation and the quotes of this line and the one before"
}

// node turns a YAML node into ours; nil stands for a missing value at the place of its parent.
func (r *reader) node(n ast.Node, parent Place) *Node {
	if r.nodes++; r.nodes > MaxNodes {
		r.overfull(parent)
		return &Node{Place: parent}
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.mapping(n.Values, r.at(n.GetToken()), n.IsFlowStyle)
	case *ast.MappingValueNode:
		return r.mapping([]*ast.MappingValueNode{n}, r.at(n.GetToken()), false)
	case *ast.SequenceNode:
		list := &Node{Place: r.at(n.GetToken()), Kind: List}
		for _, item := range n.Values {
			list.Items = append(list.Items, r.node(item, list.Place))
		}
		return list
	case *ast.AnchorNode:
		value := r.node(n.Value, r.at(n.GetToken()))
		// Known only from here on, so nothing can hold itself.
		r.anchors[n.Name.GetToken().Value] = value
		return value
	case *ast.AliasNode:
		return r.alias(n)
	case *ast.TagNode:
		return r.tagged(n)
	case *ast.LiteralNode:
		return &Node{Place: r.at(n.GetToken()), Kind: Scalar, Text: n.Value.Value, Quoted: true}
	case *ast.StringNode:
		t := n.GetToken().Type
		return &Node{Place: r.at(n.GetToken()), Kind: Scalar, Text: n.Value, Quoted: t == token.SingleQuoteType || t == token.DoubleQuoteType}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return &Node{Place: r.at(n.GetToken()), Kind: Scalar, Text: n.GetToken().Value}
	case *ast.NullNode:
		at := parent
		if n.GetToken().Type == token.NullType {
			at = r.at(n.GetToken())
		}
		return &Node{Place: at}
	case nil:
		return &Node{Place: parent}
	}
	r.fail(r.at(n.GetToken()), "", "a value of this kind (%s) has no use here", n.Type())
	return &Node{Place: parent}
}

func (r *reader) overfull(at Place) {
	if !r.full {
		r.full = true
		r.fail(at, "use fewer aliases", "the document unfolds to more than %d values", MaxNodes)
	}
}

func (r *reader) alias(n *ast.AliasNode) *Node {
	at := r.at(n.GetToken())
	name := n.Value.GetToken().Value
	anchor, ok := r.anchors[name]
	if !ok {
		r.fail(at, fmt.Sprintf("write &%s before the value that is meant, above this line", name), "there is no anchor %q before this alias", name)
		return &Node{Place: at}
	}
	value := r.copy(anchor)
	if r.nodes > MaxNodes {
		r.overfull(at)
	}
	return value
}

// copy is deep, because what stands under one alias may later be set alone.
func (r *reader) copy(n *Node) *Node {
	if r.nodes++; r.nodes > MaxNodes {
		return &Node{Place: n.Place}
	}
	c := *n
	c.Key, c.Items, c.Pairs = nil, nil, nil
	for _, item := range n.Items {
		c.Items = append(c.Items, r.copy(item))
	}
	for _, p := range n.Pairs {
		value := r.copy(p.Value)
		value.Key = p.Key
		c.Pairs = append(c.Pairs, Pair{p.Key, value})
	}
	return &c
}

func (r *reader) tagged(n *ast.TagNode) *Node {
	tag := n.GetToken().Value
	value := r.node(n.Value, r.at(n.GetToken()))
	switch tag {
	case "!!str":
		value.Quoted = true
	case "!!int", "!!float", "!!bool", "!!map", "!!seq", "!!null":
	default:
		r.fail(r.at(n.GetToken()), "leave it out", "the tag %q has no meaning here", tag)
	}
	return value
}

func (r *reader) mapping(values []*ast.MappingValueNode, at Place, flow bool) *Node {
	m := &Node{Place: at, Kind: Map}
	var merged []*Node
	seen := map[string]*Node{}
	for i, v := range values {
		keyNode := ast.Node(v.Key)
		if k, ok := keyNode.(*ast.MappingKeyNode); ok {
			keyNode = k.Value
		}
		if _, ok := keyNode.(*ast.MergeKeyNode); ok {
			merged = append(merged, r.merges(v.Value, r.at(keyNode.GetToken()))...)
			continue
		}
		key := r.node(keyNode, at)
		if i == 0 && !flow {
			m.Place = key.Place // the token of a block mapping is its first colon
		}
		value := r.node(v.Value, key.Place)
		if key.Kind != Scalar {
			r.fail(key.Place, "write a name", "a key cannot be %s", key.Kind)
			continue
		}
		if first, ok := seen[key.Text]; ok {
			r.fail(key.Place, fmt.Sprintf("it is first given on line %d; keep one of them", first.Line), "the key %q is given twice", key.Text)
			continue
		}
		seen[key.Text] = key
		m.add(key, value)
	}
	for _, from := range merged {
		for _, p := range from.Pairs {
			if seen[p.Key.Text] == nil {
				seen[p.Key.Text] = p.Key
				m.add(p.Key, p.Value)
			}
		}
	}
	return m
}

// merges returns the mappings under a merge key `<<`.
func (r *reader) merges(v ast.Node, at Place) []*Node {
	n := r.node(v, at)
	list := []*Node{n}
	if n.Kind == List {
		list = n.Items
	}
	var maps []*Node
	for _, m := range list {
		if m.Kind != Map {
			r.fail(at, "merge an alias of a mapping, as in `<<: *name`", "a merge key `<<` has %s", m.Kind)
			continue
		}
		maps = append(maps, m)
	}
	return maps
}
