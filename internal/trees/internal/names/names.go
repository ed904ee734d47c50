// Package names makes up what the services of a large system are called, and
// what their operations do: a small grammar of what they are about and of what
// they are for. It draws nothing itself and knows nothing of trees.
//
//	service   = subject "-" role | subject "-" aspect "-" role
//	operation = a route, a method, a statement, a command, about that subject
package names

import (
	"strconv"
	"strings"
)

// Subject is what a service is about: orders, or the history of orders.
type Subject struct {
	One, Many string // order, orders; words of lower case, hyphens between
	Aspect    string // history, or nothing
}

// Below is a source of numbers in [0, n).
type Below func(n int) int

// Draw draws a subject: half of them have an aspect.
func Draw(below Below) Subject {
	one, many, ok := strings.Cut(pick(below, list(subjects)), "/")
	if !ok {
		many = one + "s"
	}
	s := Subject{One: one, Many: many}
	if below(2) == 0 {
		s.Aspect = pick(below, list(aspects))
	}
	return s
}

// Tries are how often Service is asked for another name, before they are numbered.
const Tries = 12

// Service is the name of a service of spans of a type, of a subject: such as
// orders-api or session-redis. From Tries on, names of try are all different.
func (s Subject) Service(typ string, below Below, try int) string {
	head := s.One
	// Storage is mostly called by what it holds, in the plural; programs either way.
	if below(3) == 0 {
		head = s.Many
	}
	if s.Aspect != "" {
		head = s.One + "-" + s.Aspect
	}
	name := head + "-" + pick(below, roles(typ))
	if try >= Tries {
		name += "-" + strconv.Itoa(try-Tries+2)
	}
	return name
}

// Noun is the subject as one word of code, such as OrderHistory.
func (s Subject) Noun() string {
	if s.Aspect == "" {
		return camel(s.One)
	}
	return camel(s.One) + camel(s.Aspect)
}

// table is the subject as a part of a statement or key, such as order_history.
func (s Subject) table() string {
	name := s.Many
	if s.Aspect != "" {
		name = s.One + "_" + s.Aspect
	}
	return strings.ReplaceAll(name, "-", "_")
}

// camel makes GiftCard of gift-card.
func camel(word string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(word, "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// Word is a noun as one word of code, such as GiftCard.
func Word(below Below) string { return Draw(below).Noun() }

// Own is a noun of the code of a service, by its name.
func Own(service string, below Below) string {
	head, _, _ := strings.Cut(strings.ReplaceAll(service, "_", "-"), "-")
	letters := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return -1
	}, head)
	if letters == "" {
		letters = "app"
	}
	if len(letters) > 3 && !strings.HasSuffix(letters, "ss") && !strings.HasSuffix(letters, "us") {
		letters = strings.TrimSuffix(letters, "s")
	}
	return camel(letters) + pick(below, []string{"", "", "Request", "Query", "Item"})
}

// Verb is what is done, such as validate.
func Verb(below Below) string { return pick(below, list(actions)) }

func pick(below Below, from []string) string { return from[below(len(from))] }
