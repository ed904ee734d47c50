//go:build !linux

package attack

import "time"

// alarm is as precise as the runtime's timers are.
type alarm struct{}

func newAlarm() *alarm { return &alarm{} }

func (*alarm) sleep(d time.Duration) { time.Sleep(d) }

func (*alarm) close() {}
