package target

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// healthEvery is the pause between two looks at a target that is starting.
const healthEvery = 50 * time.Millisecond

// aliveWithin bounds the look at whether a target is still there.
const aliveWithin = 2 * time.Second

// health says when a target is up.
type health struct {
	path    string        // below the target's URL, or a URL of its own
	within  time.Duration // 0: one look
	strict  bool          // 2xx is wanted; otherwise any HTTP answer will do
	version versionRule
}

// awaitHealth looks until the target is healthy, has ended, or is late.
func (t *Target) awaitHealth(ctx context.Context, h health) (answer, error) {
	if h.within == 0 {
		a, err := t.look(ctx, h)
		if err != nil {
			return a, fmt.Errorf("target %s cannot be reached: %w; is an agent running there?", t.name, err)
		}
		return a, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, h.within, fmt.Errorf("not healthy within %v", h.within))
	defer cancel()
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	var last error
	for {
		a, err := t.look(ctx, h)
		// A target that ended cannot have been what answered.
		if t.proc != nil && t.ended() {
			return a, fmt.Errorf("target %s did not start: %w", t.name, t.proc.Ended())
		}
		if err == nil || errors.Is(err, ErrRemote) {
			return a, err
		}
		if ctx.Err() == nil || last == nil { // else the look was cut off, and says nothing
			last = err
		}
		select {
		case <-ctx.Done():
			return a, t.late(context.Cause(ctx), last)
		case <-t.Done():
		case <-tick.C:
		}
	}
}

func (t *Target) look(ctx context.Context, h health) (answer, error) {
	a, err := t.endpoint.get(ctx, h.path)
	if err == nil && h.strict && !is2xx(a.code) {
		err = fmt.Errorf("GET %s: answered %d: %w", t.endpoint.at(h.path), a.code, errNotHealthy)
	}
	return a, err
}

// Alive says whether anybody listens where the target should; nil means yes.
func (t *Target) Alive(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, aliveWithin)
	defer cancel()
	if !t.endpoint.taken(ctx) {
		return fmt.Errorf("nobody listens on %s any more", t.endpoint)
	}
	return nil
}

func (t *Target) late(cause, last error) error {
	if t.proc == nil {
		return fmt.Errorf("target %s: %w; the last look said: %w", t.name, cause, last)
	}
	tail := strings.Join(t.proc.StderrTail(), "\n\t")
	return fmt.Errorf("target %s: %w; the last look said: %w; its standard error ends with:\n\t%s", t.name, cause, last, tail)
}

func (t *Target) ended() bool {
	select {
	case <-t.Done():
		return true
	default:
		return false
	}
}

// versionRule says where a target's version is found. The zero value reads
// "version" from /info and is content without one.
type versionRule struct {
	command []string // prints it
	dir     string
	path    []string // of its place in the health page's JSON
}

func (v versionRule) read(ctx context.Context, e *endpoint, page answer) (string, error) {
	switch {
	case len(v.command) > 0:
		return v.run(ctx)
	case len(v.path) > 0:
		text, err := textAt(page.body, v.path)
		if err != nil {
			return "", fmt.Errorf("health page: %w", err)
		}
		return text, nil
	}
	// Not every agent has the page, nor every page a version.
	if info, err := e.get(ctx, infoPath); err == nil && is2xx(info.code) {
		if text, err := textAt(info.body, []string{"version"}); err == nil {
			return text, nil
		}
	}
	return "", nil
}

// run takes the first line that the command prints.
func (v versionRule) run(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, v.command[0], v.command[1:]...)
	cmd.Dir, cmd.WaitDelay = v.dir, time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("run %s: %w", strings.Join(v.command, " "), err)
	}
	line, _, _ := bytes.Cut(bytes.TrimSpace(out), []byte{'\n'})
	return string(bytes.TrimSpace(line)), nil
}

// Endpoints are the paths of the API that the target announces in /info; nil when
// it announces none.
func (t *Target) Endpoints(ctx context.Context) []string {
	page, err := t.endpoint.get(ctx, infoPath)
	if err != nil || !is2xx(page.code) {
		return nil
	}
	var info struct {
		Endpoints []string `json:"endpoints"`
	}
	if json.Unmarshal(page.body, &info) != nil {
		return nil
	}
	return info.Endpoints
}

// textAt finds a scalar in a JSON document by the keys that lead to it.
func textAt(doc []byte, path []string) (string, error) {
	var at any
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	if err := dec.Decode(&at); err != nil {
		return "", fmt.Errorf("not JSON: %w", err)
	}
	for i, key := range path {
		object, ok := at.(map[string]any)
		if !ok {
			return "", fmt.Errorf("%q is no object", strings.Join(path[:i], "."))
		}
		if at, ok = object[key]; !ok {
			return "", fmt.Errorf("there is no %q", strings.Join(path[:i+1], "."))
		}
	}
	switch value := at.(type) {
	case string:
		return value, nil
	case json.Number:
		return value.String(), nil
	}
	return "", fmt.Errorf("%q is neither text nor number", strings.Join(path, "."))
}
