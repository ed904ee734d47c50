package intake

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func (f *fixture) make(t Trouble) {
	f.Helper()
	if err := f.client.Trouble(f.Context(), t); err != nil {
		f.Fatal(err)
	}
}

// try posts one whole chunk; code 0 says that there was no answer.
func (f *fixture) try(ctx context.Context, ordinal uint64) (code int, took time.Duration, err error) {
	f.Helper()
	body := payloadOf(f.T, f.chunk(f.codec.TraceID(ordinal, 1), ordinal, 0))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+f.server.Addrs().Listen+pathTraces, strings.NewReader(string(body)))
	if err != nil {
		f.Fatal(err)
	}
	began := time.Now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, time.Since(began), err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, time.Since(began), res.Body.Close()
}

// Each kind of trouble does what it says, takes in nothing that it does not
// answer 2xx, and is over when it is over.
func TestTrouble(t *testing.T) {
	f := start(t, Options{}).keyed()
	within := func(d time.Duration) context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		t.Cleanup(cancel)
		return ctx
	}
	const long = 20 * time.Second

	f.make(Trouble{Kind: Slow, By: 150 * time.Millisecond})
	if code, took, err := f.try(within(long), 1); code != http.StatusAccepted || took < 150*time.Millisecond {
		t.Errorf("slow: %d after %v (%v)", code, took, err)
	}
	f.make(Trouble{Kind: Answer, Code: 429})
	if code, _, err := f.try(within(long), 2); code != 429 {
		t.Errorf("answer: %d (%v)", code, err)
	}
	f.make(Trouble{Kind: Answer, Code: 503, Share: 0.25})
	for i, want := range []int{503, 202, 202, 202, 503, 202} {
		if code, _, err := f.try(within(long), uint64(20+i)); code != want {
			t.Errorf("a quarter is answered 503: request %d got %d (%v)", i, code, err)
		}
	}
	f.make(Trouble{Kind: Reset})
	if code, _, err := f.try(within(long), 3); code != 0 || !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("reset: %d (%v)", code, err)
	}
	f.make(Trouble{Kind: Refuse})
	if code, _, err := f.try(within(long), 4); code != 0 || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("refuse: %d (%v)", code, err)
	}
	f.make(Trouble{Kind: Hang})
	if _, took, err := f.try(within(200*time.Millisecond), 5); !errors.Is(err, context.DeadlineExceeded) || took < 200*time.Millisecond {
		t.Errorf("hang: after %v: %v", took, err)
	}
	answered := make(chan int, 1)
	go func() {
		code, _, _ := f.try(within(long), 6)
		answered <- code
	}()
	time.Sleep(100 * time.Millisecond)
	f.make(Trouble{})
	if code := <-answered; code != http.StatusAccepted {
		t.Errorf("what still waited when the hang was over was answered %d", code)
	}
	if code, _, err := f.try(within(long), 7); code != http.StatusAccepted {
		t.Errorf("afterwards: %d (%v)", code, err)
	}
	for ordinal, want := range map[uint64]uint64{1: 1, 2: 0, 3: 0, 4: 0, 5: 0, 6: 1, 7: 1, 20: 0, 21: 1, 22: 1, 23: 1, 24: 0, 25: 1} {
		f.seen(ordinal, 1, want, 0)
	}
	if p, err := f.client.Progress(t.Context()); err != nil || p.Complete != 7 {
		t.Errorf("%d chunks came whole, want 7 (%v)", p.Complete, err)
	}
}

func TestTroubleThatCannotBe(t *testing.T) {
	f := start(t, Options{})
	for want, trouble := range map[string]Trouble{
		"no trouble of the kind":      {Kind: "flood"},
		"slow by more than 0":         {Kind: Slow},
		"answers 300 to 599, not 200": {Kind: Answer, Code: 200},
		"at most 1, not 1.5":          {Kind: Answer, Code: 429, Share: 1.5},
	} {
		if err := f.client.Trouble(t.Context(), trouble); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", trouble, err)
		}
	}
}

// An intake that hangs or refuses stops all the same.
func TestStopInTrouble(t *testing.T) {
	for _, kind := range []TroubleKind{Hang, Refuse} {
		s, err := Start(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetTrouble(Trouble{Kind: kind}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		began := time.Now()
		if err := s.Stop(ctx); err != nil || time.Since(began) > 5*time.Second {
			t.Errorf("%s: stopped after %v: %v", kind, time.Since(began), err)
		}
		cancel()
	}
}
