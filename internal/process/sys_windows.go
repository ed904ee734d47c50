package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// sysProcess is what the system needs to know to end a process: a job object
// that holds it and its descendants, and that ends them when we end.
type sysProcess struct {
	job windows.Handle
}

// holdThread has nothing to do here: a job is tied to the process.
func holdThread() (release func()) { return func() {} }

func (s *sysProcess) start(cmd *exec.Cmd) error {
	job, err := newJob()
	if err != nil {
		return err
	}
	// A group of its own, so that it can be sent CTRL_BREAK and does not get
	// the console's CTRL_C.
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
	if err := cmd.Start(); err != nil {
		_ = windows.CloseHandle(job)
		return err
	}
	if err := addToJob(job, cmd.Process.Pid); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = windows.CloseHandle(job)
		return err
	}
	s.job = job
	return nil
}

func newJob() (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, fmt.Errorf("create a job object: %w", err)
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err != nil {
		_ = windows.CloseHandle(job)
		return 0, fmt.Errorf("tie a job object to this process: %w", err)
	}
	return job, nil
}

func addToJob(job windows.Handle, pid int) error {
	handle, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(pid))
	if err != nil {
		return fmt.Errorf("open process %d: %w", pid, err)
	}
	defer func() { _ = windows.CloseHandle(handle) }()
	if err := windows.AssignProcessToJobObject(job, handle); err != nil {
		return fmt.Errorf("put process %d into a job object: %w", pid, err)
	}
	return nil
}

// terminate asks the group to end: a Go program sees an interrupt.
func (s *sysProcess) terminate(pid int) error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(pid))
}

// kill ends the process and its descendants.
func (s *sysProcess) kill(int) error { return windows.TerminateJobObject(s.job, 1) }

// killRest ends what an ended process left behind.
func (s *sysProcess) killRest(int) {
	_ = windows.CloseHandle(s.job)
	s.job = 0
}

// wait waits for the end of a child and its output, then calls ended.
func (s *sysProcess) wait(cmd *exec.Cmd, ended func()) error {
	defer ended()
	return cmd.Wait()
}

func exitOf(state *os.ProcessState) Exit { return Exit{Code: state.ExitCode()} }

// pause and resume are not to be had here.
func (*sysProcess) pause(int) error  { return errors.ErrUnsupported }
func (*sysProcess) resume(int) error { return errors.ErrUnsupported }
