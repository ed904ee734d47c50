package target

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/spanstorm/spanstorm/internal/agent"
)

// envPrefix begins the path of an environment variable.
const envPrefix = "env."

// settable are the paths of a target file that can be set.
func settable() []string {
	return []string{"args", envPrefix + "NAME", "name", "url", "health", "drain", "start_timeout", "stop_timeout"}
}

// Set is the target with something set otherwise; s stays as it is. Each assignment
// is PATH=VALUE, where of equal paths the last one counts. For a target file:
//
//	env.GOMAXPROCS=2        an environment variable of the program
//	args=--buffer '64 MB'   more arguments, set apart by blanks, with quotes as in a
//	                        shell; those of several assignments add up
//	drain=3s                and the keys name, url, health, start_timeout and
//	                        stop_timeout, as the file would have them
//
// For the embedded agent, a path is the name of a dial. An agent that runs already
// has nothing to set. The error names the target, the assignment and a remedy.
func (s *Spec) Set(assignments []string) (*Spec, error) {
	out := *s
	if len(assignments) == 0 {
		return &out, nil
	}
	var err error
	switch {
	case s.dials != nil:
		out.dials, err = setDials(*s.dials, assignments)
	case s.file != nil:
		out.file, err = s.file.set(assignments)
	default:
		err = errors.New("there is nothing to set in an agent that runs already; set it where the agent is started, or start it here, with a target file")
	}
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", s.arg, err)
	}
	out.sets = slices.Concat(s.sets, assignments)
	return &out, nil
}

// ParseSet is [Parse], and [Spec.Set].
func ParseSet(arg string, assignments []string) (*Spec, error) {
	spec, err := Parse(arg)
	if err != nil {
		return nil, err
	}
	return spec.Set(assignments)
}

// setDials sets dials of the embedded agent.
func setDials(d agent.Dials, assignments []string) (*agent.Dials, error) {
	for _, a := range assignments {
		name, _, err := assignment(a)
		if names := agent.DialNames(); err == nil && !slices.Contains(names, name) {
			err = unknownPath(name, names)
		}
		if err != nil {
			return nil, err
		}
	}
	d, err := d.With(assignments)
	return &d, err
}

// set is the file with something set otherwise.
func (f *file) set(assignments []string) (*file, error) {
	out := *f
	out.Command, out.Env = slices.Clone(f.Command), maps.Clone(f.Env)
	for _, a := range assignments {
		path, value, err := assignment(a)
		if err == nil {
			err = out.setOne(path, value)
		}
		if err != nil {
			return nil, fmt.Errorf("set %s: %w", a, err)
		}
	}
	// As when the file was read; only that there are no lines to name now.
	p := &fileParser{}
	p.checkBetween([]entry{{}}, &out)
	if err := p.first(); err != nil {
		return nil, fmt.Errorf("set %s: %w", strings.Join(assignments, " "), err)
	}
	return &out, nil
}

// setOne sets one path. What the file's own keys may hold is read and checked as in a file.
func (f *file) setOne(path, value string) error {
	p := &fileParser{}
	name, env := strings.CutPrefix(path, envPrefix)
	switch {
	case (env || path == "args") && len(f.Command) == 0:
		return errors.New("the target file has no command, so nothing is started that could be told; set it where the agent is started")
	case env && name == "", path == "env":
		return errors.New("the variable has no name; write env.NAME=VALUE")
	case env:
		var text string
		p.scalar(path, word(value), &text)
		if f.Env == nil {
			f.Env = map[string]string{}
		}
		f.Env[name] = text
	case path == "args":
		words, err := split(value)
		if err != nil {
			return err
		}
		for _, w := range words {
			p.checkBraces(nil, w)
		}
		f.Command = append(f.Command, words...)
	case !slices.Contains(settable(), path):
		return unknownPath(path, settable())
	case value == "":
		return fmt.Errorf("%s is empty", path)
	default:
		p.key(entry{key: path, value: word(value)}, f)
	}
	return p.first()
}

// assignment splits PATH=VALUE.
func assignment(text string) (path, value string, err error) {
	path, value, ok := strings.Cut(text, "=")
	if path = strings.TrimSpace(path); !ok || path == "" {
		return "", "", fmt.Errorf("%q is no assignment; write PATH=VALUE, such as env.GOMAXPROCS=2", text)
	}
	return path, value, nil
}

// word is a text as the parser of target files has it.
func word(text string) ast.Node {
	at := token.New(text, text, &token.Position{Line: 1, Column: 1})
	return &ast.StringNode{BaseNode: &ast.BaseNode{}, Token: at, Value: text}
}

// first is the first problem, without its place; nil if there is none.
func (p *fileParser) first() error {
	if len(p.problems) == 0 {
		return nil
	}
	return errors.New(p.problems[0].message)
}

// variable is how environment variables are usually written.
var variable = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)

// unknownPath says what could have been meant, and what there is.
func unknownPath(path string, known []string) error {
	head, rest, dotted := strings.Cut(path, ".")
	near := nearest(head, known)
	switch {
	case slices.Contains(known, envPrefix+"NAME") && variable.MatchString(path):
		near = envPrefix + path
	case dotted && distance(head, "env") <= 2:
		near = envPrefix + rest
	}
	if near != "" {
		near = "did you mean " + near + "? "
	}
	return fmt.Errorf("unknown path %q; %swhat there is: %s", path, near, strings.Join(known, ", "))
}

// split cuts a text into words at blanks, as a shell would: nothing is special
// between single quotes, and between double ones a blank is not. A backslash takes
// the next character as it is, except between single quotes.
func split(text string) ([]string, error) {
	var words []string
	var now strings.Builder
	open, begun, escaped := rune(0), false, false
	for _, c := range text {
		switch {
		case escaped:
			escaped = false
			now.WriteRune(c)
		case c == '\\' && open != '\'':
			begun, escaped = true, true
		case c == open:
			open = 0
		case open != 0:
			now.WriteRune(c)
		case c == '\'' || c == '"':
			begun, open = true, c
		case c == ' ' || c == '\t' || c == '\n':
			if begun {
				words = append(words, now.String())
				now.Reset()
			}
			begun = false
		default:
			begun = true
			now.WriteRune(c)
		}
	}
	switch {
	case open != 0:
		return nil, fmt.Errorf("a quote (%c) is not closed", open)
	case escaped:
		return nil, errors.New("a backslash at the end escapes nothing")
	case begun:
		words = append(words, now.String())
	}
	if len(words) == 0 {
		return nil, errors.New("args holds no word; write args=--flag value")
	}
	return words, nil
}
