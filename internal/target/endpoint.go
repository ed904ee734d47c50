package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// requestTimeout bounds one request of ours to a target, which is about
	// its health or its counters, never load.
	requestTimeout = 5 * time.Second
	// answerBytes bounds what is read of an answer.
	answerBytes = 8 << 20
)

// ErrRemote says that a target is not on this machine, and that nobody allowed that.
var ErrRemote = errors.New("not a loopback address; load is sent to other machines only with --allow-remote")

// endpoint is where a target's API is, and the client to ask it with.
type endpoint struct {
	url    *url.URL // http://host:port; for a socket the host means nothing
	socket string
	client *http.Client
	pin    bool

	mu      sync.Mutex
	dialled string // the address that answered, ip:port
}

// newEndpoint takes http://host:port or unix:///path.
func newEndpoint(raw string, allowRemote bool) (*endpoint, error) {
	u, socket, err := parseURL(raw)
	if err != nil {
		return nil, err
	}
	e := &endpoint{url: u, socket: socket, pin: !allowRemote}
	e.client = &http.Client{
		// What answers with a redirect is not what was to be tested.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:               nil,
			DialContext:         e.dial,
			MaxIdleConnsPerHost: 1,
			DisableCompression:  true,
		},
	}
	return e, nil
}

// parseURL reads the URL of a target.
func parseURL(raw string) (u *url.URL, socket string, err error) {
	u, err = url.Parse(raw)
	if err != nil {
		return nil, "", fmt.Errorf("target %q is not a URL: %w", raw, err)
	}
	switch {
	case u.Scheme == "unix":
		if u.Host != "" || !filepath.IsAbs(u.Path) || u.Path == "/" {
			return nil, "", fmt.Errorf("target %q names no socket; try unix:///run/apm.socket, with an absolute path", raw)
		}
		return &url.URL{Scheme: "http", Host: "localhost"}, u.Path, nil
	case u.Scheme != "http":
		return nil, "", fmt.Errorf("target %q: %q is not spoken; try http://host:port or unix:///path/apm.socket", raw, u.Scheme)
	case u.Hostname() == "":
		return nil, "", fmt.Errorf("target %q names no host; try http://127.0.0.1:8126", raw)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, "", fmt.Errorf("target %q: give host and port only, as in http://%s; the API's paths are added", raw, u.Host)
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), "80")
	}
	u.Path = ""
	return u, "", nil
}

// dial connects to a host that this endpoint may talk to. The decision is made
// on the address dialled, after the name was resolved.
func (e *endpoint) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: requestTimeout}
	if e.socket != "" && addr == net.JoinHostPort(e.url.Hostname(), "80") {
		return d.DialContext(ctx, "unix", e.socket)
	}
	if e.pin {
		d.Control = loopbackOnly
	}
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if addr == e.url.Host {
		e.mu.Lock()
		e.dialled = conn.RemoteAddr().String()
		e.mu.Unlock()
	}
	return conn, nil
}

// loopbackOnly refuses to connect to other machines.
func loopbackOnly(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read the address %q: %w", address, err)
	}
	if !to.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("%s is %w", to.Addr(), ErrRemote)
	}
	return nil
}

// base is the URL to send to. A name is replaced by the address that answered,
// so that whoever sends load dials what was judged here, and asks no resolver.
func (e *endpoint) base() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	u := *e.url
	if e.pin && e.socket == "" && e.dialled != "" {
		u.Host = e.dialled
	}
	return u.String()
}

// String is the endpoint as a user would write it.
func (e *endpoint) String() string {
	if e.socket != "" {
		return "unix://" + e.socket
	}
	return e.url.String()
}

// at is the URL of a path here; an absolute URL stays as it is.
func (e *endpoint) at(path string) string {
	if strings.Contains(path, "://") {
		return path
	}
	return e.url.JoinPath(path).String()
}

// answer is what came back.
type answer struct {
	code int
	body []byte
}

func (e *endpoint) get(ctx context.Context, path string) (answer, error) {
	return e.do(ctx, http.MethodGet, path)
}

// post sends an empty body and wants a 2xx.
func (e *endpoint) post(ctx context.Context, path string) error {
	a, err := e.do(ctx, http.MethodPost, path)
	if err == nil && !is2xx(a.code) {
		err = fmt.Errorf("POST %s: answered %d", e.at(path), a.code)
	}
	return err
}

func (e *endpoint) do(ctx context.Context, method, path string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, e.at(path), http.NoBody)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return answer{}, err // says method and URL itself
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerBytes))
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return answer{code: resp.StatusCode, body: body}, nil
}

// taken says that something listens here already.
func (e *endpoint) taken(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	port := e.url.Port()
	if port == "" {
		port = "80"
	}
	conn, err := e.dial(ctx, "tcp", net.JoinHostPort(e.url.Hostname(), port))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func (e *endpoint) close() { e.client.CloseIdleConnections() }

// judge resolves the host and refuses one that is not on this machine, before
// anything is started or dialled.
func (e *endpoint) judge(ctx context.Context) error {
	if !e.pin || e.socket != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", e.url.Hostname())
	if err != nil {
		return fmt.Errorf("target %s: resolve its host: %w", e, err)
	}
	for _, a := range addrs {
		if !a.Unmap().IsLoopback() {
			return fmt.Errorf("target %s: %s is %w", e, a, ErrRemote)
		}
	}
	return nil
}

// FreePorts returns n different TCP ports of the loopback interface that
// nobody listens on at this moment.
func FreePorts(n int) ([]string, error) {
	var held []net.Listener // until all are found, so that none is found twice
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	ports := make([]string, 0, n)
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		held = append(held, l)
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		ports = append(ports, port)
	}
	return ports, nil
}

// reachable turns the address that a server listens on into one to dial: a
// server that listens on all interfaces is reached on this machine.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return listen
}
