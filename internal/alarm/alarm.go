// Package alarm waits for a moment more precisely than the runtime's timers do, which
// an idle Go program rounds up to a millisecond. Nothing else lives here.
package alarm
