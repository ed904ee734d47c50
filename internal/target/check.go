package target

import (
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/token"

	"github.com/spanstorm/spanstorm/internal/target/counters"
)

// sample stands in for every brace when a file is checked before it is started.
func sample() braces {
	return braces{
		bracePort:      "1",
		braceDebugPort: "2",
		braceIntake:    "http://127.0.0.1:3",
		braceStatsD:    "127.0.0.1:4",
		braceSocket:    "/scratch/apm.socket",
		braceDir:       "/scratch",
	}
}

func (p *fileParser) checkBraces(at *token.Token, text string) {
	for _, m := range bracePattern.FindAllStringSubmatch(text, -1) {
		if name := m[1]; !slices.Contains(braceNames(), name) {
			p.fail(at, "unknown {{%s}}%s", name, suggest(name, braceNames()))
		}
	}
}

func (p *fileParser) checkURL(e entry, text string) {
	if text == "" {
		return
	}
	if _, _, err := parseURL(sample().fill(text)); err != nil {
		p.fail(e.value.GetToken(), "%v", err)
	}
}

func (p *fileParser) checkHealth(e entry, text string) {
	if text != "" && !strings.HasPrefix(text, "/") {
		p.checkPage(e, text)
	}
}

// checkPage wants the URL of a page over HTTP.
func (p *fileParser) checkPage(e entry, text string) {
	if text == "" {
		return
	}
	if strings.HasPrefix(text, "/") && e.key != "health" {
		return // below the target's url
	}
	u, err := url.Parse(sample().fill(text))
	if err != nil || u.Scheme != "http" || u.Hostname() == "" {
		p.fail(e.value.GetToken(), "%s: %q is no URL of a page; try http://127.0.0.1:{{debug_port}}/page", e.key, text)
	}
}

func (p *fileParser) checkAcceptance(e entry, text string) {
	if known := acceptances(); text != "" && !slices.Contains(known, text) {
		p.fail(e.value.GetToken(), "acceptance %q is unknown%s", text, suggest(text, known))
	}
}

// acceptances lists the ways in which acceptance is learnt.
func acceptances() []string {
	return append([]string{AcceptanceIntake, AcceptanceStatus}, counters.Kinds()...)
}

// fileKeys lists the keys of a target file.
func fileKeys() []string {
	return []string{
		"name", "command", "env", "pid_file", "url", "health", "acceptance", "claims", "drain", "dir",
		"start_timeout", "stop_timeout", "version", "apis",
	}
}

// suggest names the known word that is nearest, or all of them if none is near.
func suggest(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return "; did you mean " + near + "?"
	}
	return "; known are " + strings.Join(known, ", ")
}

// nearest is the known word that was likely meant; empty if none is near.
func nearest(word string, known []string) string {
	best, bestAt := "", 1+max(2, len(word)/3)
	for _, k := range known {
		if d := distance(word, k); d < bestAt {
			best, bestAt = k, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to get from one word to the other (optimal string alignment).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
