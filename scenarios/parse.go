package scenarios

import (
	"cmp"
	"path/filepath"
	"reflect"

	"github.com/spanstorm/spanstorm/scenarios/internal/document"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// Parse reads a scenario. filename is what problems are reported under. Each of
// sets is PATH=VALUE and changes the document before it is checked; see the
// package comment. Bodies of faults that are in files are read, relative to
// filename's folder. The error is a [*Problems].
func Parse(filename string, src []byte, sets []string) (*Scenario, error) {
	filename = cmp.Or(filename, "scenario")
	source := document.NewSource(filename, "", string(src))
	sources := []*document.Source{source}
	d := grammar.NewDecoder(language())

	root, troubles := document.Read(source, src)
	d.Report(troubles)
	if root == nil {
		return nil, problems(&d.Collector, sources)
	}
	if root.Kind != document.Map {
		d.AddFirst(root.Place, "begin with `name: my-scenario`; `spanstorm scenarios show smoke` prints a whole one",
			"a scenario is a mapping with services, shapes and load; this is %s", root.Kind)
		return nil, problems(&d.Collector, sources)
	}
	for _, set := range sets {
		sources = append(sources, d.Set(root, reflect.TypeFor[Scenario](), set))
	}
	s := &Scenario{}
	d.Decode(root, s, "a scenario")
	s.complete(filename)
	v := &validator{Decoder: d, s: s}
	v.readBodies(filepath.Dir(filename))
	v.validate()
	if err := problems(&d.Collector, sources); err != nil {
		return nil, err
	}
	return s, nil
}
