//go:build !linux

package alarm

import "time"

// Alarm is as precise as the runtime's timers are.
type Alarm struct{}

// New is an alarm.
func New() *Alarm { return &Alarm{} }

// Sleep waits for d.
func (*Alarm) Sleep(d time.Duration) { time.Sleep(d) }

// Close does nothing.
func (*Alarm) Close() {}
