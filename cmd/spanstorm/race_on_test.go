//go:build race

package main

// raced says that the tests, and the roles they start, run under the race
// detector: slow enough that figures mean nothing.
const raced = true
