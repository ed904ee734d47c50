package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// prover runs scenarios, and keeps what they came to.
type prover struct {
	spanstorm, folder string
	again             bool
	parallel          int
	tries             int // of a run that tells nothing, as when the machine was busy
}

// verdict says what a run told of an agent.
type verdict string

const (
	has     verdict = "has it"
	hasNot  verdict = "has not"
	lacks   verdict = "lacks the API"
	unclear verdict = "unclear"
)

// cell is what one scenario came to on one agent.
type cell struct {
	Of      string    `json:"of"` // a digest of the scenario and the target
	Date    time.Time `json:"date"`
	Tool    string    `json:"tool"`
	Machine string    `json:"machine"`
	Agent   string    `json:"agent"` // name and version
	Verdict verdict   `json:"verdict"`
	Figures []string  `json:"figures"` // the expectations, and what was got
	Why     string    `json:"why,omitempty"`
}

// sentence is the cell on one line.
func (c cell) sentence() string {
	text := string(c.Verdict)
	if c.Why != "" {
		text += ": " + c.Why
	}
	return text + "  [" + strings.Join(c.Figures, "; ") + "]"
}

// row is one problem on all agents.
type row struct {
	bug   scenarios.Bundled
	cells []cell
}

// guard says that the scenario is about a problem that no agent here is known to have.
func (r row) guard() bool { return strings.Contains(r.bug.Description, "A guard: ") }

func (r row) any(v verdict) bool {
	for _, c := range r.cells {
		if c.Verdict == v {
			return true
		}
	}
	return false
}

// cell runs a scenario on a target, unless that was done before.
func (p *prover) cell(ctx context.Context, bug scenarios.Bundled, target string) (cell, error) {
	of, err := digest(bug, target)
	if err != nil {
		return cell{}, err
	}
	folder := filepath.Join(p.folder, filepath.Base(bug.Name), strings.NewReplacer("/", "-", ".yaml", "").Replace(target))
	kept := filepath.Join(folder, "cell.json")
	var c cell
	if text, err := os.ReadFile(kept); err == nil && !p.again && json.Unmarshal(text, &c) == nil && c.Of == of && c.Verdict != unclear {
		return c, nil
	}
	if c, err = p.run(ctx, bug, target, filepath.Join(folder, "record")); err != nil {
		return cell{}, err
	}
	c.Of = of
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return cell{}, err
	}
	return c, os.WriteFile(kept, text, 0o600)
}

// digest names a scenario and a target by what they say.
func digest(bug scenarios.Bundled, target string) (string, error) {
	h := sha256.New()
	h.Write(bug.Source)
	if strings.HasSuffix(target, ".yaml") {
		text, err := os.ReadFile(target)
		if err != nil {
			return "", err
		}
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// run runs a scenario on a target and says what that told.
func (p *prover) run(ctx context.Context, bug scenarios.Bundled, target, record string) (cell, error) {
	if err := os.RemoveAll(record); err != nil {
		return cell{}, err
	}
	if err := os.MkdirAll(filepath.Dir(record), 0o750); err != nil {
		return cell{}, err
	}
	cmd := exec.CommandContext(ctx, p.spanstorm, "run", bug.Name, "--target", target, "--out", record, "--progress", "none")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	var said bytes.Buffer
	cmd.Stderr = &said
	err := cmd.Run()
	if ctx.Err() != nil {
		return cell{}, ctx.Err()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return cell{}, err
	}
	rec, readErr := results.Read(record)
	if readErr != nil {
		if why := firstLine(said.String()); strings.Contains(why, "does not take API") {
			return cell{Date: time.Now().UTC(), Agent: target, Verdict: lacks, Why: why}, nil
		}
		return cell{}, fmt.Errorf("%w: %s", errors.Join(err, readErr), &said)
	}
	c := cell{
		Date: rec.StartedAt.UTC(), Tool: rec.Tool.Version, Agent: strings.TrimSpace(rec.Target.Name),
		Machine: fmt.Sprintf("%d CPUs (%s)", rec.Machine.CPUs, rec.Machine.CPUModel),
	}
	c.Verdict, c.Why = judge(rec)
	for _, e := range rec.Expectations {
		c.Figures = append(c.Figures, fmt.Sprintf("%s: got %s", e.Text, e.Got))
	}
	return c, nil
}

// judge reads a verdict off a record.
func judge(rec *results.Record) (verdict, string) {
	if exit := rec.Target.Exit; exit != nil {
		end := fmt.Sprintf("exit code %d", exit.Code)
		if exit.Signal != "" {
			end = exit.Signal
		}
		return has, "it died: " + end
	}
	if !rec.Valid {
		return unclear, strings.Join(rec.InvalidReasons, "; ")
	}
	for _, e := range rec.Expectations {
		if !e.Met {
			return has, ""
		}
	}
	return hasNot, ""
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
