package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/spanstorm/spanstorm/internal/cli"
)

// TestMain lets scripts, and the roles that a run starts, call this test
// binary as `spanstorm`.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"spanstorm": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the command scripts, beside each other and beside other tests: those
// that load an agent set late_limit where they want a run to be valid.
func TestScripts(t *testing.T) {
	t.Parallel()
	figures(t)
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}
