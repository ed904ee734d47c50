package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/ledger"
)

// Bounds on what a client waits for and takes.
const (
	clientWithin     = 30 * time.Second
	answerBytesMax   = 256 << 20
	errorTextsMax    = 1 << 10
	idleControlConns = 4
)

// Client speaks to an intake's control endpoint. It may be used concurrently.
type Client struct {
	base string
	http *http.Client
}

// NewClient speaks to the control endpoint at host:port.
func NewClient(control string) *Client {
	return &Client{
		base: "http://" + control,
		http: &http.Client{
			Transport: &http.Transport{MaxIdleConnsPerHost: idleControlConns, IdleConnTimeout: idleFor},
			Timeout:   clientWithin,
		},
	}
}

// SetRun gives the intake the run's key and begins an empty account.
func (c *Client) SetRun(ctx context.Context, key identity.Key, layout identity.Layout) error {
	body, err := json.Marshal(runMessage{RunKey: key.String(), Layout: wireLayout(layout)})
	if err != nil {
		return fmt.Errorf("begin a run at the intake: %w", err)
	}
	if _, err := c.do(ctx, http.MethodPost, controlRun, body); err != nil {
		return fmt.Errorf("begin a run at the intake: %w", err)
	}
	return nil
}

// Progress asks how far the intake is.
func (c *Client) Progress(ctx context.Context) (Progress, error) {
	var p Progress
	text, err := c.do(ctx, http.MethodGet, controlProgress, nil)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return Progress{}, fmt.Errorf("ask the intake how far it is: %w", err)
	}
	return p, nil
}

// Moments asks when chunks came out, each for the first time, in the order of their
// ordinals: of all of them, or of a share drawn uniformly.
func (c *Client) Moments(ctx context.Context) (list []Moment, share float64, err error) {
	message, err := c.do(ctx, http.MethodGet, controlMoments, nil)
	if err == nil {
		list, share, err = readMoments(message)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("ask the intake when what arrived: %w", err)
	}
	return list, share, nil
}

// Trouble makes trouble from now on, until it is called again; the zero value ends it.
func (c *Client) Trouble(ctx context.Context, t Trouble) error {
	body, err := json.Marshal(t)
	if err == nil {
		_, err = c.do(ctx, http.MethodPost, controlTrouble, body)
	}
	if err != nil {
		return fmt.Errorf("trouble at the intake: %w", err)
	}
	return nil
}

// Want has the chunks of those ordinals cut out of what comes from now on.
func (c *Client) Want(ctx context.Context, ordinals []uint64) error {
	body, err := json.Marshal(wantedMessage{ordinals})
	if err == nil {
		_, err = c.do(ctx, http.MethodPost, controlWanted, body)
	}
	if err != nil {
		return fmt.Errorf("tell the intake which chunks are wanted: %w", err)
	}
	return nil
}

// CutOuts fetches the chunks that were wanted and have come, in the order in which
// they came.
func (c *Client) CutOuts(ctx context.Context) ([]CutOut, error) {
	failed := func(err error) ([]CutOut, error) {
		return nil, fmt.Errorf("ask the intake for the chunks that were wanted: %w", err)
	}
	text, err := c.do(ctx, http.MethodGet, controlCutOuts, nil)
	if err != nil {
		return failed(err)
	}
	out := []CutOut{}
	for lines := json.NewDecoder(bytes.NewReader(text)); lines.More(); {
		var one CutOut
		if err := lines.Decode(&one); err != nil {
			return failed(err)
		}
		out = append(out, one)
	}
	return out, nil
}

// Arrivals fetches what arrived.
func (c *Client) Arrivals(ctx context.Context) (*ledger.Arrivals, error) {
	message, err := c.do(ctx, http.MethodGet, controlArrivals, nil)
	if err != nil {
		return nil, fmt.Errorf("ask the intake what arrived: %w", err)
	}
	a := new(ledger.Arrivals)
	if err := a.UnmarshalBinary(message); err != nil {
		return nil, fmt.Errorf("ask the intake what arrived: %w", err)
	}
	return a, nil
}

// Samples fetches the payloads that were kept whole.
func (c *Client) Samples(ctx context.Context) ([]Sample, error) {
	var out []Sample
	text, err := c.do(ctx, http.MethodGet, controlSamples, nil)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("ask the intake for sampled payloads: %w", err)
	}
	return out, nil
}

func (c *Client) do(ctx context.Context, method, path string, body []byte) (answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	var into bytes.Buffer
	into.Grow(int(min(max(res.ContentLength, 0), answerBytesMax)) + bytes.MinRead)
	_, err = into.ReadFrom(io.LimitReader(res.Body, answerBytesMax+1))
	answer = into.Bytes()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	case len(answer) > answerBytesMax:
		return nil, fmt.Errorf("%s %s: the answer has more than %d bytes", method, path, answerBytesMax)
	case res.StatusCode/100 != 2:
		text := strings.TrimSpace(string(answer[:min(len(answer), errorTextsMax)]))
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	return answer, nil
}

// decodeRun reads the body of POST /run.
func decodeRun(r io.Reader) (key identity.Key, layout identity.Layout, err error) {
	var m runMessage
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return key, layout, fmt.Errorf("read the run's key: %w", err)
	}
	if d.More() {
		return key, layout, errors.New("read the run's key: something follows it")
	}
	if key, err = identity.ParseKey(m.RunKey); err != nil {
		return key, layout, fmt.Errorf("read the run's key: %w", err)
	}
	layout = identity.Layout{ChunkBits: m.Layout.ChunkBits, SpanBits: m.Layout.SpanBits}
	return key, layout, layout.Validate()
}
