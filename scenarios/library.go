package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spanstorm/spanstorm/scenarios/internal/document"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

//go:embed library/*.yaml library/bugs/*.yaml
var library embed.FS

// Bundled is a scenario that comes with the program.
type Bundled struct {
	Name, Description string
	Source            []byte
}

// Library returns the bundled scenarios of ordinary loads, smallest first.
func Library() []Bundled {
	return bundled("smoke", "web-shop", "outage", "bad-backend", "heavy-tail", "long-traces", "span-extras", "batch-job", "alibaba", "datadog-bench", "services-only")
}

// Bugs returns the bundled scenarios that each reproduce a published problem of some
// agent, by name. Their names begin with bugs/, their descriptions name the report
// as OWNER/REPOSITORY#NUMBER, and their expectations fail where an agent has the problem.
func Bugs() []Bundled {
	files, err := fs.Glob(library, "library/"+bugs+"*.yaml")
	if err != nil {
		return nil // only a bad pattern is an error
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = bugs + strings.TrimSuffix(path.Base(file), ".yaml")
	}
	return bundled(names...)
}

const bugs = "bugs/"

func bundled(names ...string) []Bundled {
	var list []Bundled
	for _, name := range names {
		src, err := library.ReadFile("library/" + name + ".yaml")
		if err != nil {
			continue // a test holds that every file is listed and every name has a file
		}
		b := Bundled{Name: name, Source: src}
		if root, _ := document.Read(document.NewSource(name, "", string(src)), src); root != nil {
			if d := root.Get("description"); d != nil {
				b.Description = d.Text
			}
		}
		list = append(list, b)
	}
	return list
}

// ErrUnknown says that there is neither a file nor a bundled scenario of a name.
var ErrUnknown = errors.New("no such scenario")

// Load reads the bundled scenario of that name, or else the file; a file that is
// called like a bundled scenario is meant by ./NAME.
// The error is a [*Problems], wraps [ErrUnknown], or says why a file could not be read.
func Load(nameOrPath string, sets []string) (*Scenario, error) {
	var known []string
	for _, b := range append(Library(), Bugs()...) {
		if b.Name == nameOrPath {
			return Parse(b.Name+".yaml", b.Source, sets)
		}
		known = append(known, b.Name)
	}
	src, err := readFile(nameOrPath)
	if errors.Is(err, fs.ErrNotExist) {
		hint := grammar.DidYouMean(strings.TrimSuffix(filepath.Base(nameOrPath), filepath.Ext(nameOrPath)), known)
		return nil, fmt.Errorf("%w: %q is neither a file nor a bundled scenario; %s", ErrUnknown, nameOrPath, hint)
	}
	if err != nil {
		return nil, fmt.Errorf("reading scenario %s: %w", nameOrPath, err)
	}
	return Parse(nameOrPath, src, sets)
}

// readFile reads at most one byte more than a scenario may have; [Parse] refuses it then.
func readFile(path string) (src []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	return io.ReadAll(io.LimitReader(f, document.MaxBytes+1))
}
