package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/spanstorm/spanstorm/results"
)

const (
	connections = 8
	fixedRate   = 2_000
	delayRate   = 10_000
	path        = "/v0.4/traces"
	// The processors of generator and server.
	generatorCPU, serverCPU = "0", "1"
)

// server is the process that is loaded.
type server struct {
	addr  string
	stdin io.Closer
	cmd   *exec.Cmd
}

func startServer(ctx context.Context) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "taskset", "-c", serverCPU, self, "serve")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, err
	}
	return &server{addr: strings.TrimSpace(line), stdin: stdin, cmd: cmd}, nil
}

func (s *server) stop() {
	_ = s.stdin.Close()
	_ = s.cmd.Wait()
}

// served is how many requests the server has answered.
func (s *server) served(ctx context.Context) (uint64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr, http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return 0, err
	}
	return strconv.ParseUint(string(text), 10, 64)
}

// usage is what a generator spent.
type usage struct {
	cpu      time.Duration
	requests uint64
}

func (u usage) perRequestUS() float64 {
	return float64(u.cpu.Microseconds()) / float64(u.requests)
}

// measure runs a generator on its processor and counts what it sent. The CPU is
// that of the process as the system accounts it.
func (p *prover) measure(ctx context.Context, pinned bool, stdin string, args ...string) (usage, error) {
	before, err := p.server.served(ctx)
	if err != nil {
		return usage{}, err
	}
	if pinned {
		args = slices.Concat([]string{"taskset", "-c", generatorCPU}, args)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return usage{}, fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, said.String())
	}
	after, err := p.server.served(ctx)
	if err != nil {
		return usage{}, err
	}
	if after == before {
		return usage{}, fmt.Errorf("%s: nothing arrived: %s", strings.Join(args, " "), said.String())
	}
	return usage{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), requests: after - before}, nil
}

// record runs spanstorm and reads the record.
func (p *prover) record(ctx context.Context, pinned bool, s size, load string) (usage, *results.Record, error) {
	out := p.file("record")
	if err := os.RemoveAll(out); err != nil {
		return usage{}, nil, err
	}
	u, err := p.measure(ctx, pinned, "", p.spanstorm, "run", s.scenario, "--target", p.file("target.yaml"), "--out", out,
		"--progress", "none", "--set", "traces_per_request="+strconv.Itoa(s.traces), "--set", "load=["+load+"]", "--set", "expect=[]")
	var exit *exec.ExitError
	if invalid := errors.As(err, &exit) && exit.ExitCode() == 3; err != nil && !invalid {
		return u, nil, err
	}
	rec, err := results.Read(out)
	if err != nil {
		return u, nil, err
	}
	if !rec.Valid { // at a rate that this machine is too busy for: it counts, and is told
		fmt.Fprintln(os.Stderr, "the run of spanstorm is not valid:", strings.Join(rec.InvalidReasons, "; "))
	}
	// The generator is one of the processes of a run.
	return usage{cpu: time.Duration(rec.Resources.Generator.CPUS * float64(time.Second)), requests: rec.Requests.Sent}, rec, nil
}

func (p *prover) load(rate int) string {
	if rate == 0 {
		return fmt.Sprintf("{name: max, rate: max, connections: %d, for: %ds}", connections, p.seconds)
	}
	return fmt.Sprintf("{name: hold, rate: %d/s, for: %ds}", rate, p.seconds)
}

// runSpanstorm takes off what a run costs that sends next to nothing: reading
// the scenario, making the templates, writing the record.
func (p *prover) runSpanstorm(ctx context.Context, s size, rate int, idle time.Duration) (usage, error) {
	u, rec, err := p.record(ctx, true, s, p.load(rate))
	u.cpu -= idle
	if err == nil && rec.Requests.Sent != rec.Requests.Delivered {
		err = fmt.Errorf("of %d requests %d were delivered", rec.Requests.Sent, rec.Requests.Delivered)
	}
	return u, err
}

// idle is the CPU of a run that sends one request.
func (p *prover) idle(ctx context.Context, s size) (time.Duration, error) {
	u, _, err := p.record(ctx, true, s, "{name: idle, rate: 1/s, for: 1s}")
	return u.cpu, err
}

// bodyFile writes a body as long as spanstorm's are on average: the first one
// of the scenario, cut or repeated.
func (p *prover) bodyFile(ctx context.Context, s size) (mean float64, err error) {
	_, rec, err := p.record(ctx, true, s, "{name: warm, rate: 500/s, for: 1s}")
	if err != nil {
		return 0, err
	}
	mean = float64(rec.Load.Bytes) / float64(rec.Requests.Sent)
	body, err := exec.CommandContext(ctx, p.spanstorm, "preview", s.scenario, "--payload", "0",
		"--set", "traces_per_request="+strconv.Itoa(s.traces)).Output()
	if err != nil {
		return 0, fmt.Errorf("preview: %w", err)
	}
	for len(body) < int(mean) {
		body = append(body, body...)
	}
	return mean, os.WriteFile(p.file("body"), body[:int(mean)], 0o600)
}

func (p *prover) attack(rate int, more ...string) []string {
	args := []string{
		p.vegeta, "attack", "-rate", strconv.Itoa(rate), "-duration", strconv.Itoa(p.seconds) + "s",
		"-max-body", "0", "-body", p.file("body"),
	}
	if rate == 0 { // else its defaults, as those of spanstorm
		args = append(args, "-connections", strconv.Itoa(connections), "-workers", strconv.Itoa(connections), "-max-workers", strconv.Itoa(connections))
	}
	return append(args, more...)
}

func (p *prover) targets() string {
	return "PUT http://" + p.server.addr + path + "\nContent-Type: application/msgpack\n"
}

func (p *prover) runVegeta(ctx context.Context, _ size, rate int) (usage, error) {
	return p.measure(ctx, true, p.targets(), p.attack(rate, "-output", os.DevNull)...)
}

func (p *prover) runWrk(ctx context.Context, _ size) (usage, error) {
	script := fmt.Sprintf("wrk.method = 'PUT'\nwrk.headers['Content-Type'] = 'application/msgpack'\n"+
		"local f = io.open(%q, 'rb')\nwrk.body = f:read('*a')\nf:close()\n", p.file("body"))
	if err := os.WriteFile(p.file("put.lua"), []byte(script), 0o600); err != nil {
		return usage{}, err
	}
	return p.measure(ctx, true, "", p.wrk, "-t", "1", "-c", strconv.Itoa(connections), "-d", strconv.Itoa(p.seconds)+"s",
		"-s", p.file("put.lua"), "http://"+p.server.addr+path)
}

// delay is how late requests were sent, in microseconds.
type delay struct{ p50, p99 float64 }

func (d delay) String() string { return fmt.Sprintf("p50 %.1f µs, p99 %.1f µs", d.p50, d.p99) }

func (p *prover) delaySpanstorm(ctx context.Context, s size) (delay, error) {
	_, rec, err := p.record(ctx, false, s, p.load(delayRate))
	if err != nil {
		return delay{}, err
	}
	d := rec.Phases[0].SendDelay
	return delay{float64(d.P50) / 1e3, float64(d.P99) / 1e3}, nil
}

// delayVegeta takes a result's timestamp for its sending, which favours vegeta:
// it is taken before the request is built. Request k is due k/rate after the first.
func (p *prover) delayVegeta(ctx context.Context, _ size) (delay, error) {
	out := p.file("results.gob")
	if _, err := p.measure(ctx, false, p.targets(), p.attack(delayRate, "-output", out)...); err != nil {
		return delay{}, err
	}
	f, err := os.Open(out)
	if err != nil {
		return delay{}, err
	}
	defer func() { _ = f.Close() }()
	decode := vegeta.NewDecoder(f)
	var sent vegeta.Results
	for {
		var r vegeta.Result
		if err := decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return delay{}, err
		}
		sent = append(sent, vegeta.Result{Seq: r.Seq, Timestamp: r.Timestamp})
	}
	slices.SortFunc(sent, func(a, b vegeta.Result) int { return int(a.Seq) - int(b.Seq) })
	late := make([]float64, len(sent))
	for i, r := range sent {
		due := time.Duration(r.Seq) * time.Second / delayRate
		late[i] = max(0, float64(r.Timestamp.Sub(sent[0].Timestamp)-due)/1e3)
	}
	slices.Sort(late)
	return delay{late[len(late)/2], late[len(late)*99/100]}, nil
}
