//go:build !linux && !darwin

package rawhttp

// nowWriter is for systems where it is not known how to write without waiting:
// every request is written beside the reading of its answer.
func (c *Conn) nowWriter() func() error { return nil }
