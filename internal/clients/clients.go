// Package clients says who the tracers of a fleet are: in which language and
// version each is, in which process and container it runs. Both ends of a
// request are told by it, the headers and the head of the body, so that they
// agree.
//
// What may live here: what a tracer says about itself. What may not: how that
// is sent, and what its traces hold.
package clients

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Client is one tracer. What is empty, it does not say.
type Client struct {
	Language, LanguageVersion string
	Interpreter, Vendor       string // of the interpreter
	TracerVersion             string
	UserAgent                 string
	RuntimeID                 string // a UUID of version 4
	ContainerID               string // 64 hexadecimal digits, as Docker's; empty outside containers
	Hostname                  string // in a container the first 12 digits of its id, as Docker does
}

// EntityID is the container as newer tracers name it, beside ContainerID: see
// dd-trace-go, internal/container_linux.go.
func (c *Client) EntityID() string {
	if c.ContainerID == "" {
		return ""
	}
	return "ci-" + c.ContainerID
}

// One client in so many is behind, as in a fleet in which new versions are being
// rolled out: in its tracer, and in its language.
const (
	tracersBehind   = 5
	languagesBehind = 7
)

const hostnameDigits = 12

// Of returns the clients of a scenario, at least one. Client i is a function of
// the seed, of i and of what the scenario says of clients.
func Of(s *scenarios.Scenario) []Client {
	list := make([]Client, 0, max(1, s.Clients.Count))
	for i, language := range languages(s.Clients) {
		c := introduce(language, i%languagesBehind == languagesBehind-1, i%tracersBehind == tracersBehind-1)
		c.RuntimeID = uuid(draw(s.Seed, "runtime", i))
		host := draw(s.Seed, "container", i)
		c.Hostname = "host-" + hex.EncodeToString(host[:4])
		if contained(i, float64(s.Clients.Containers)) {
			c.ContainerID = hex.EncodeToString(host[:])
			c.Hostname = c.ContainerID[:hostnameDigits]
		}
		list = append(list, c)
	}
	return list
}

// contained says whether client i is among the share of those in containers, who
// are spread evenly over the fleet: ⌊(i+1)·share⌋ of the first i+1 are.
func contained(i int, share float64) bool {
	return int(float64(i+1)*share) > int(float64(i)*share)
}

// languages gives each client a language, by weight: client i of n has the
// language at (i+½)/n of the weights laid end to end in order of their names.
// So shares are as close to the weights as n allows, and always the same.
func languages(c scenarios.Clients) []string {
	names := slices.Sorted(maps.Keys(c.Languages))
	total := 0.0
	for _, name := range names {
		total += max(0, c.Languages[name])
	}
	n := max(1, c.Count)
	langs := make([]string, n)
	for i := range langs {
		langs[i] = "go"
		at, sum := (float64(i)+0.5)/float64(n)*total, 0.0
		for _, name := range names {
			if sum += max(0, c.Languages[name]); at < sum {
				langs[i] = name
				break
			}
		}
	}
	return langs
}

// draw returns bytes that look random.
func draw(seed uint64, what string, i int) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s %d of %d", what, i, seed))
}

// uuid makes a UUID of version 4.
func uuid(b [sha256.Size]byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
