// Spanstorm loads a trace agent with realistic traces and says what the agent
// did with every one of them.
package main

import (
	"os"

	"github.com/spanstorm/spanstorm/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
