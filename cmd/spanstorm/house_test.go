package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/spanstorm/spanstorm/"

// house is the table of docs/ARCHITECTURE.md as a graph: the user's door on
// top, the ground at the bottom. A room imports only what stands here beside
// it, and only rooms further down.
var house = []struct {
	room    string
	imports string
}{
	{"cmd/spanstorm", "internal/cli"},
	{"internal/prove/wire", "results"},
	{"internal/prove/bugs", "scenarios results"},
	{"internal/cli", "report internal/experiment internal/fault internal/run internal/outlook generator internal/target internal/agent internal/intake internal/identity internal/process scenarios results"},
	{"report", "report/internal/procedures report/internal/sheet report/charts results"},
	{"report/internal/procedures", "report/internal/sheet results"},
	{"report/internal/sheet", "results"},
	{"report/charts", "report/charts/internal/procedures report/charts/internal/paper results"},
	{"report/charts/internal/procedures", "report/charts/internal/paper results"},
	{"report/charts/internal/paper", "results"},
	{"report/internal/samples", "results"},
	{"internal/experiment", "internal/run generator internal/target internal/versus internal/stats internal/ledger internal/process scenarios results internal/schedule"},
	{"internal/versus", "internal/stats results"},
	{"internal/run", "internal/altered internal/attack internal/tracer internal/tracer/odd internal/fault internal/fault/bodies generator internal/target internal/intake internal/ledger internal/schedule internal/identity internal/meter internal/process scenarios results"},
	{"internal/meter", "internal/intake internal/process results"},
	{"internal/altered", "generator internal/fault internal/agent/decode internal/intake internal/ledger internal/identity results"},
	{"internal/outlook", "generator internal/trees internal/limits scenarios results"},
	{"internal/attack", "internal/alarm internal/tracer internal/tracer/odd internal/schedule scenarios results"},
	{"internal/tracer", "internal/clients internal/tracer/odd internal/tracer/rawhttp scenarios results"},
	{"internal/tracer/rawhttp", ""},
	{"internal/tracer/odd", "internal/fault internal/fault/bodies scenarios"},
	{"generator", "internal/plan internal/clients internal/fault/spans internal/schedule internal/trees internal/fault internal/fault/bodies internal/ledger internal/wire internal/identity internal/limits scenarios results"},
	{"internal/plan", "internal/trees internal/schedule internal/fault scenarios"},
	{"internal/fault/spans", "internal/trees internal/fault internal/wire"},
	{"internal/trees", "internal/topology internal/trees/internal/dialect internal/trees/internal/kinds internal/trees/internal/names internal/wire scenarios"},
	{"internal/topology", "scenarios"},
	{"internal/trees/internal/dialect", ""},
	{"internal/trees/internal/kinds", "scenarios"},
	{"internal/trees/internal/names", ""},
	{"internal/clients", "scenarios"},
	{"internal/target", "internal/target/counters internal/agent internal/process results"},
	{"internal/target/counters", "results"},
	{"internal/agent", "internal/agent/decode internal/alarm internal/limits"},
	{"internal/agent/decode", ""},
	{"internal/intake", "internal/ledger internal/identity results"},
	{"internal/ledger", "results"},
	{"internal/wire", ""},
	{"internal/schedule", "scenarios"},
	{"internal/identity", ""},
	{"internal/fault/bodies", "internal/fault internal/limits scenarios"},
	{"scenarios", "scenarios/internal/faults scenarios/internal/values scenarios/internal/grammar scenarios/internal/document results internal/limits"},
	{"scenarios/internal/faults", "internal/fault scenarios/internal/values scenarios/internal/grammar"},
	{"scenarios/internal/values", "scenarios/internal/grammar scenarios/internal/document"},
	{"scenarios/internal/grammar", "scenarios/internal/document"},
	{"scenarios/internal/document", ""},
	{"results/merge", "results"},
	{"results", ""},
	{"internal/fault", ""},
	{"internal/process", ""},
	{"internal/alarm", ""},
	{"internal/limits", ""},
	{"internal/stats", ""},
	{"internal/prove", ""},
}

// TestHouse holds the import graph against the table.
func TestHouse(t *testing.T) {
	floor := map[string]int{}
	for i, h := range house {
		floor[h.room] = i
	}
	for room, imports := range imports(t) {
		at, ok := floor[room]
		if !ok {
			t.Errorf("%s is not in the house: give it a place in docs/ARCHITECTURE.md and in this test", room)
			continue
		}
		for _, imported := range imports {
			if !slices.Contains(strings.Fields(house[at].imports), imported) {
				t.Errorf("%s imports %s, which docs/ARCHITECTURE.md does not allow", room, imported)
			}
			if floor[imported] <= at {
				t.Errorf("%s imports %s, which stands above it", room, imported)
			}
		}
	}
	page, err := os.ReadFile("../../docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range house {
		if !bytes.Contains(page, []byte("`"+h.room+"`")) {
			t.Errorf("docs/ARCHITECTURE.md does not say what lives in %s", h.room)
		}
	}
}

// TestRoomSizes keeps files and rooms small enough to be read in one go.
func TestRoomSizes(t *testing.T) {
	const fileMax, roomMax = 420, 3000
	for room := range imports(t) {
		files, err := filepath.Glob(filepath.Join("..", "..", room, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			n := bytes.Count(text, []byte("\n"))
			if total += n; n > fileMax {
				t.Errorf("%s has %d lines: what second thing has moved in?", file, n)
			}
		}
		if total > roomMax {
			t.Errorf("%s has %d lines: what second thing has moved in?", room, total)
		}
	}
}

// imports maps each room of this module to the rooms that it imports.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	graph := map[string][]string{}
	for scanner := bufio.NewScanner(bytes.NewReader(out)); scanner.Scan(); {
		fields := strings.Fields(scanner.Text())
		room := strings.TrimPrefix(fields[0], module)
		graph[room] = []string{}
		for _, path := range fields[1:] {
			if imported, ours := strings.CutPrefix(path, module); ours {
				graph[room] = append(graph[room], imported)
			}
		}
	}
	return graph
}
