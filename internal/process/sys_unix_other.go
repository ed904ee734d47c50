//go:build unix && !linux

package process

import (
	"os/exec"
	"syscall"
)

// holdThread has nothing to do here: there is no Pdeathsig.
func holdThread() (release func()) { return func() {} }

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// wait waits for the end of a child and its output, then calls ended.
func (sysProcess) wait(cmd *exec.Cmd, ended func()) error {
	defer ended()
	return cmd.Wait()
}
