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

// TestScripts runs the command scripts, one after the other: some of them load
// an agent, and a machine that does something else at the time shows in it.
func TestScripts(t *testing.T) {
	figures(t)
	testscript.RunT(serial{t}, testscript.Params{Dir: "testdata"})
}

// serial is a test whose parts do not run in parallel.
type serial struct{ *testing.T }

func (serial) Parallel() {}

func (s serial) Verbose() bool { return testing.Verbose() }

func (s serial) Run(name string, f func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { f(serial{t}) })
}
