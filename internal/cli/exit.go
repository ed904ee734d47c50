package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Exit codes. They are a contract with scripts; when several hold, the first
// of 130, 1, 3, 99 is given.
const (
	exitOK          = 0
	exitFailed      = 1   // I/O, target could not start, …
	exitUsage       = 2   // wrong arguments or an invalid scenario
	exitInvalid     = 3   // the run is not valid
	exitUnmet       = 99  // an expectation was not met
	exitInterrupted = 130 // with the partial record saved
)

// codeError is an error that ends the program with a code of its own.
type codeError struct {
	code int
	err  error // nil: all has been said already
}

func (e *codeError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *codeError) Unwrap() error { return e.err }

// usageError is a mistake in what the user typed, with what to do about it.
func usageError(format string, args ...any) error {
	return &codeError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// exitCode maps an error to the program's exit code. Errors that arise before
// a command runs are mistakes in its arguments.
func exitCode(err error, ran bool) int {
	var coded *codeError
	var problems *scenarios.Problems
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &problems), !ran:
		return exitUsage
	default:
		return exitFailed
	}
}
