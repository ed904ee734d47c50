//go:build !linux

package attack

import "time"

func ownThread() {}

// sleep is as precise as the runtime's timers are.
func sleep(d time.Duration) { time.Sleep(d) }
