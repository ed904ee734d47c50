package target

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/printer"
	"github.com/goccy/go-yaml/token"
)

// Bounds on a target file: the YAML parser takes time quadratic in its length.
const (
	fileBytesMax = 64 << 10
	fileLinesMax = 2000
)

// parseFile reads a target file. The error lists all that is wrong with it.
func parseFile(name string, src []byte) (*file, error) {
	p := &fileParser{name: name}
	f := p.parse(src)
	if len(p.problems) > 0 {
		return nil, &fileError{problems: p.problems}
	}
	folder, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return nil, fmt.Errorf("target file %s: find its folder: %w", name, err)
	}
	f.folder = folder
	if f.Name == "" {
		f.Name = strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	}
	return f, nil
}

// problem is one thing that is wrong with a target file.
type problem struct {
	file    string
	line    int
	column  int
	message string
	excerpt string
}

// fileError is all that is wrong with a target file.
type fileError struct{ problems []problem }

func (e *fileError) Error() string {
	var b strings.Builder
	for i, p := range e.problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s", p.file, p.line, p.column, p.message)
		if p.excerpt != "" {
			b.WriteByte('\n')
			b.WriteString(p.excerpt)
		}
	}
	return b.String()
}

type fileParser struct {
	name     string
	problems []problem
}

func (p *fileParser) fail(at *token.Token, format string, args ...any) {
	found := problem{file: p.name, line: 1, column: 1, message: fmt.Sprintf(format, args...)}
	if at != nil && at.Position != nil {
		found.line, found.column = at.Position.Line, at.Position.Column
		var pp printer.Printer
		found.excerpt = narrow(strings.TrimRight(pp.PrintErrorToken(at, false), "\n "))
	}
	p.problems = append(p.problems, found)
}

// narrow cuts the lines of an excerpt to what a terminal can show.
func narrow(excerpt string) string {
	const columns = 160
	lines := strings.Split(excerpt, "\n")
	for i, line := range lines {
		if runes := []rune(line); len(runes) > columns {
			lines[i] = string(runes[:columns]) + "…"
		}
	}
	return strings.Join(lines, "\n")
}

// failYAML places an error of the YAML library.
func (p *fileParser) failYAML(at *token.Token, err error) {
	if placed, ok := errors.AsType[yaml.Error](err); ok {
		if placed.GetToken() != nil {
			at = placed.GetToken()
		}
		err = errors.New(placed.GetMessage())
	}
	p.fail(at, "%v", err)
}

func (p *fileParser) parse(src []byte) *file {
	f := &file{
		Health:       infoPath,
		Acceptance:   AcceptanceIntake,
		Drain:        DefaultDrain,
		StartTimeout: DefaultStartTimeout,
		StopTimeout:  DefaultStopTimeout,
	}
	if len(src) > fileBytesMax {
		p.fail(nil, "the file has %d bytes; a target file has at most %d", len(src), fileBytesMax)
		return f
	}
	if lines := bytes.Count(src, []byte{'\n'}); lines > fileLinesMax {
		p.fail(nil, "the file has %d lines; a target file has at most %d", lines, fileLinesMax)
		return f
	}
	tree, err := parser.ParseBytes(src, 0)
	if err != nil {
		p.failYAML(nil, err)
		return f
	}
	var body ast.Node
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			p.fail(doc.Body.GetToken(), "a second document; a target file holds one")
			return f
		}
		body = doc.Body
	}
	if body == nil {
		p.fail(nil, "the file is empty; a target file needs at least a url")
		return f
	}
	root := p.mapping(body, "a target file")
	p.read(root, f)
	return f
}

// entry is a key of a mapping and where it stands.
type entry struct {
	key   string
	at    *token.Token
	value ast.Node
}

// mapping reads a mapping's entries; what names it in errors.
func (p *fileParser) mapping(node ast.Node, what string) []entry {
	node = plain(node)
	var values []*ast.MappingValueNode
	switch m := node.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		p.fail(node.GetToken(), "%s is a mapping of keys to values, not %s", what, kind(node))
		return nil
	}
	entries := make([]entry, 0, len(values))
	for _, v := range values {
		e := entry{at: v.Key.GetToken(), value: v.Value}
		key, ok := v.Key.(ast.Node)
		if !ok || yaml.NodeToValue(key, &e.key) != nil {
			p.fail(e.at, "a key of %s has to be a word", what)
			continue
		}
		if i := slices.IndexFunc(entries, func(o entry) bool { return o.key == e.key }); i >= 0 {
			p.fail(e.at, "key %q is there already, on line %d", e.key, entries[i].at.Position.Line)
			continue
		}
		entries = append(entries, e)
	}
	return entries
}

// plain takes off anchors and tags.
func plain(node ast.Node) ast.Node {
	for {
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.TagNode:
			node = n.Value
		default:
			return node
		}
	}
}

func kind(node ast.Node) string {
	switch node.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.NullNode:
		return "nothing"
	case *ast.AliasNode:
		return "an alias"
	}
	return "a single value"
}

// read fills the file from its entries and checks what it says.
func (p *fileParser) read(entries []entry, f *file) {
	for _, e := range entries {
		p.key(e, f)
	}
	if !slices.ContainsFunc(entries, func(e entry) bool { return e.key == "url" }) && len(p.problems) == 0 {
		p.fail(nil, "url is missing: say where the target's trace API is, such as url: http://127.0.0.1:{{port}}")
	}
	if len(f.Command) > 0 && f.PIDFile != "" && len(p.problems) == 0 {
		at := entries[slices.IndexFunc(entries, func(e entry) bool { return e.key == "pid_file" })].at
		p.fail(at, "pid_file is for a target that runs already; with a command, its process is known: leave pid_file out")
	}
	p.checkBetween(entries, f)
	if len(p.problems) == 0 {
		p.checkSource(entries, f)
	}
}

// checkBetween looks at what keys have to do with each other by their braces.
func (p *fileParser) checkBetween(entries []entry, f *file) {
	if len(f.Command) == 0 && len(p.problems) == 0 {
		p.checkUnstarted(entries, f)
	}
	if len(p.problems) == 0 {
		p.checkStatsD(entries, f)
	}
}

// key reads one key of the file.
func (p *fileParser) key(e entry, f *file) {
	switch e.key {
	case "name":
		p.text(e, &f.Name)
	case "command":
		p.texts(e, e.value, &f.Command)
	case "env":
		p.environment(e, f)
	case "pid_file":
		p.text(e, &f.PIDFile)
	case "url":
		p.text(e, &f.URL)
		p.checkURL(e, f.URL)
	case "health":
		p.text(e, &f.Health)
		p.checkHealth(e, f.Health)
	case "acceptance":
		p.text(e, &f.Acceptance)
		p.checkAcceptance(e, f.Acceptance)
	case "claims":
		p.claims(e, f)
	case "drain":
		p.duration(e, &f.Drain)
	case "dir":
		p.text(e, &f.Dir)
	case "start_timeout":
		p.duration(e, &f.StartTimeout)
	case "stop_timeout":
		p.duration(e, &f.StopTimeout)
	case "version":
		p.version(e, f)
	case "apis":
		p.texts(e, e.value, &f.APIs)
		for _, api := range f.APIs {
			if !slices.Contains(apiNames(), api) {
				p.fail(e.value.GetToken(), "%q is no API version%s", api, suggest(api, apiNames()))
			}
		}
	default:
		p.fail(e.at, "unknown key %q%s", e.key, suggest(e.key, fileKeys()))
	}
}

// checkUnstarted refuses braces that only a command could give a meaning to.
func (p *fileParser) checkUnstarted(entries []entry, f *file) {
	for _, brace := range []string{bracePort, braceDebugPort, braceSocket, braceIntake} {
		if f.uses(brace) {
			p.fail(entries[0].at, "{{%s}} is used, but there is no command that could be told about it; add one, or write the address out", brace)
		}
	}
}

func (p *fileParser) text(e entry, to *string) {
	if _, null := plain(e.value).(*ast.NullNode); null {
		p.fail(e.at, "%s is empty", e.key)
		return
	}
	p.scalar(e.key, e.value, to)
}

// scalar reads one word or number as it is written.
func (p *fileParser) scalar(key string, value ast.Node, to *string) {
	value = plain(value)
	scalar, ok := value.(ast.ScalarNode)
	if _, null := value.(*ast.NullNode); !ok || null {
		p.fail(value.GetToken(), "%s takes text, not %s", key, kind(value))
		return
	}
	switch s := scalar.(type) {
	case *ast.StringNode:
		*to = s.Value
	case *ast.LiteralNode:
		*to = s.Value.Value
	default:
		*to = scalar.GetToken().Value
	}
	p.checkBraces(value.GetToken(), *to)
}

func (p *fileParser) texts(e entry, value ast.Node, to *[]string) {
	seq, ok := plain(value).(*ast.SequenceNode)
	if !ok {
		p.fail(value.GetToken(), "%s takes a list, such as [a, b], not %s", e.key, kind(value))
		return
	}
	if len(seq.Values) == 0 {
		p.fail(value.GetToken(), "%s is an empty list", e.key)
		return
	}
	for _, v := range seq.Values {
		var text string
		p.scalar("an item of "+e.key, v, &text)
		*to = append(*to, text)
	}
}

func (p *fileParser) duration(e entry, to *time.Duration) {
	var text string
	p.text(e, &text)
	if text == "" {
		return
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		p.fail(e.value.GetToken(), "%s: %q is no duration; try 12s or 500ms", e.key, text)
	case d <= 0 || d > time.Hour:
		p.fail(e.value.GetToken(), "%s: %s is out of range; it has to be above 0 and at most 1h", e.key, text)
	default:
		*to = d
	}
}

func (p *fileParser) environment(e entry, f *file) {
	f.Env = map[string]string{}
	for _, v := range p.mapping(e.value, "env") {
		if v.key == "" || strings.ContainsAny(v.key, "=\x00") {
			p.fail(v.at, "%q cannot name an environment variable", v.key)
			continue
		}
		var value string
		p.scalar("env."+v.key, v.value, &value)
		f.Env[v.key] = value
	}
}

func (p *fileParser) version(e entry, f *file) {
	for _, v := range p.mapping(e.value, "version") {
		switch v.key {
		case "command":
			p.texts(v, v.value, &f.Version.Command)
		case "json_path":
			p.text(v, &f.Version.JSONPath)
		default:
			p.fail(v.at, "unknown key %q%s", v.key, suggest(v.key, []string{"command", "json_path"}))
		}
	}
	if len(f.Version.Command) > 0 && f.Version.JSONPath != "" {
		p.fail(e.at, "version has both a command and a json_path; choose one")
	}
}
