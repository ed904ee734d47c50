package process

import (
	"errors"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// holdThread keeps the goroutine on its thread until the returned function is
// called: Pdeathsig is sent when the thread that forked ends, and the runtime
// ends threads as it likes.
func holdThread() (release func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// wait waits for the end of a child, calls ended and then reads the rest of its
// output. When ended is called, the child is still a zombie, so that its number
// stays taken until what remains of its group has been killed.
func (sysProcess) wait(cmd *exec.Cmd, ended func()) error {
	for {
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break // any other error leaves the waiting to cmd.Wait
		}
	}
	ended()
	return cmd.Wait()
}
