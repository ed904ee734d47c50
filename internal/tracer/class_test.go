package tracer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/textproto"
	"runtime"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/results"
)

func TestClassify(t *testing.T) {
	for err, want := range map[error]Class{
		nil:                                      ClassNone,
		errTimeout:                               ClassTimeout,
		context.DeadlineExceeded:                 ClassTimeout,
		fmt.Errorf("x: %w", syscall.ETIMEDOUT):   ClassTimeout,
		context.Canceled:                         ClassOther,
		ErrStopped:                               ClassOther,
		io.EOF:                                   ClassEOF,
		fmt.Errorf("x: %w", io.ErrUnexpectedEOF): ClassEOF,
		errors.New("http: server closed idle connection"):                                         ClassEOF,
		fmt.Errorf("dial: %w", fs.ErrNotExist):                                                    ClassRefused,
		fmt.Errorf("x: %w", textproto.ProtocolError("malformed")):                                 ClassBadHTTP,
		errors.New(`net/http: HTTP/1.x transport connection broken: malformed HTTP response "x"`): ClassBadHTTP,
		errors.New("weird"): ClassOther,
	} {
		if got := Classify(err); got != want {
			t.Errorf("%v is %v, want %v", err, got, want)
		}
	}
	if runtime.GOOS != "windows" {
		for errno, want := range map[syscall.Errno]Class{
			syscall.ECONNREFUSED: ClassRefused, syscall.ECONNRESET: ClassReset, syscall.EPIPE: ClassReset, syscall.ENETUNREACH: ClassOther,
		} {
			if got := Classify(fmt.Errorf("x: %w", errno)); got != want {
				t.Errorf("%v is %v, want %v", errno, got, want)
			}
		}
	}
	// Each class counts in the field of its name.
	var e results.Errors
	for c := range Class(Classes) {
		c.Count(&e)
	}
	if diff := cmp.Diff(results.Errors{Timeout: 1, Refused: 1, Reset: 1, EOF: 1, BadHTTP: 1, Other: 1}, e); diff != "" {
		t.Error(diff)
	}
}
