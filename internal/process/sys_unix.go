//go:build unix

package process

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// sysProcess is what the system needs to know to end a process. Here a process
// group does it, and its number is that of the process.
type sysProcess struct{}

func (sysProcess) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = attributes()
	return cmd.Start()
}

// terminate asks the group to end.
func (sysProcess) terminate(pid int) error { return syscall.Kill(-pid, syscall.SIGTERM) }

// kill ends the group.
func (sysProcess) kill(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }

// pause and resume stop the group, and let it run on.
func (sysProcess) pause(pid int) error  { return syscall.Kill(-pid, syscall.SIGSTOP) }
func (sysProcess) resume(pid int) error { return syscall.Kill(-pid, syscall.SIGCONT) }

// killRest ends what an ended process left in its group. Usually there is
// nothing left.
func (s sysProcess) killRest(pid int) { _ = s.kill(pid) }

func exitOf(state *os.ProcessState) Exit {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return Exit{Code: state.ExitCode()}
	}
	name := unix.SignalName(status.Signal())
	if name == "" {
		name = status.Signal().String()
	}
	return Exit{Code: -1, Signal: name}
}
