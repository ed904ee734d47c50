package document

import (
	"strings"
	"testing"
)

func read(t *testing.T, text string) *Node {
	t.Helper()
	src := NewSource("x.yaml", "", text)
	n, troubles := Read(src, []byte(text))
	for _, trouble := range troubles {
		t.Errorf("%s: %s", trouble.Place, trouble.Message)
	}
	if n == nil {
		t.Fatalf("%q gives no document", text)
	}
	return n
}

// find returns the first scalar or key with the text, in reading order.
func find(n *Node, text string) *Node {
	if n.Kind == Scalar && n.Text == text {
		return n
	}
	for _, p := range n.Pairs {
		if p.Key.Text == text {
			return p.Key
		}
		if found := find(p.Value, text); found != nil {
			return found
		}
	}
	for _, item := range n.Items {
		if found := find(item, text); found != nil {
			return found
		}
	}
	return nil
}

// Every word stands where the node that holds it says it does.
func TestPlaces(t *testing.T) {
	text := `# a comment
one: two
flow: {three: four, "five": 'six', list: [seven, {eight: nine}]}
ünï: "zehn"   # wide letters count as one
block:
  - elf
  - twelve: thirteen
    fourteen: |
      some
      text
    fifteen: sixteen
? seventeen
: eighteen
anchor: &x {nineteen: twenty}
last: end
`
	words := strings.Fields("one two three four five six seven eight nine zehn elf twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty last end")
	for _, ends := range []string{"\n", "\r\n"} {
		n := read(t, strings.ReplaceAll(text, "\n", ends))
		for _, word := range words {
			node := find(n, word)
			if node == nil {
				t.Errorf("%q is not there", word)
				continue
			}
			lines := strings.Split(text, "\n")
			var line, column int
			for i, l := range lines {
				if at := strings.Index(" "+strings.Map(wordsOnly, l)+" ", " "+word+" "); at >= 0 && line == 0 {
					line, column = i+1, len([]rune(l[:at]))+1
				}
			}
			if node.Quoted || word == "five" {
				column-- // the quote
			}
			if node.Line != line || node.Column != column {
				t.Errorf("%q is at %d:%d, want %d:%d (line ends %q)", word, node.Line, node.Column, line, column, ends)
			}
		}
	}
}

// wordsOnly keeps the bytes of a line in place and blanks what is no letter.
func wordsOnly(r rune) rune {
	if strings.ContainsRune(`{}[]:,"'?-&`, r) {
		return ' '
	}
	return r
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("a", 300) + "X" + strings.Repeat("b", 300)
	src := NewSource("x.yaml", "", "first\n\ttabbed: ünï X\n"+long)
	for _, c := range []struct {
		line, column int
		want         string
	}{
		{1, 3, "    1 | first\n      |   ^"},
		{2, 14, "    2 |  tabbed: ünï X\n      |              ^"},
		{9, 1, ""},
		{0, 1, ""},
	} {
		if got := (Place{src, c.line, c.column}).Excerpt(); got != c.want {
			t.Errorf("%d:%d:\n%s\nwant\n%s", c.line, c.column, got, c.want)
		}
	}
	got := Place{src, 3, 301}.Excerpt()
	lines := strings.Split(got, "\n")
	if caret := len([]rune(lines[1])) - 1; len(lines) != 2 || []rune(lines[0])[caret] != 'X' || len(got) > 400 {
		t.Errorf("the caret of a long line misses:\n%s", got)
	}
}

func TestMergeAndAliasesAreCopies(t *testing.T) {
	n := read(t, "a: &a {x: 1, y: &y {z: 2}}\nb: {<<: *a, x: 3}\nc: {<<: [{x: 4}, *a]}\nd: *y\n")
	if got := n.Get("b").Get("x").Text; got != "3" {
		t.Errorf("a key of its own gives way to a merged one: %s", got)
	}
	if got := n.Get("c").Get("x").Text; got != "4" {
		t.Errorf("the later of two merged mappings wins: %s", got)
	}
	n.Get("b").Get("y").Get("z").Text = "changed"
	if n.Get("a").Get("y").Get("z").Text != "2" || n.Get("d").Get("z").Text != "2" {
		t.Error("a change under an alias reaches its anchor")
	}
}
