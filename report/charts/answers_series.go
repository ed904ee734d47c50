package charts

import (
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// classesMax bounds the classes of answers in the chart; the rarest make one class.
const classesMax = 9

// answerClass is one layer of the chart of answers.
type answerClass struct {
	Name  string
	Total uint64
	PerS  []float64 // requests per second, one for each of the stretches
	Color paper.Tint
}

// answerSeries are the answers over time, by code and by class of error, in the
// order in which they are stacked. From and To bound each stretch of time, in
// seconds since the load began.
type answerSeries struct {
	From    []float64
	To      []float64
	Classes []answerClass
	Grouped int
}

// unsent is the class of what was planned and never sent.
const unsent = "never sent"

func newAnswerSeries(rec *results.Record) answerSeries {
	groups, n := grouped(newSlots(rec))
	s := answerSeries{Grouped: n}
	index := map[string]int{}
	class := func(name string) *answerClass {
		i, ok := index[name]
		if !ok {
			i = len(s.Classes)
			index[name] = i
			s.Classes = append(s.Classes, answerClass{Name: name, PerS: make([]float64, len(groups))})
		}
		return &s.Classes[i]
	}
	for at, group := range groups {
		s.From, s.To = append(s.From, group[0].From), append(s.To, group[len(group)-1].To)
		seconds := 0.0
		for _, g := range group {
			seconds += g.To - g.From
		}
		count := func(name string, n uint64) {
			if n > 0 {
				c := class(name)
				c.Total += n
				c.PerS[at] += float64(n) / seconds
			}
		}
		for _, g := range group {
			r := g.Second
			for code, n := range r.ByCode {
				count(code, n)
			}
			e := r.Errors
			count("timeout", e.Timeout)
			count("connection refused", e.Refused)
			count("connection reset", e.Reset)
			count("no answer (EOF)", e.EOF)
			count("no HTTP", e.BadHTTP)
			count("other error", e.Other)
			count(unsent, r.Planned-min(r.Planned, r.Sent))
		}
	}
	slices.SortFunc(s.Classes, func(a, b answerClass) int {
		if ra, rb := answerRank(a.Name), answerRank(b.Name); ra != rb {
			return ra - rb
		}
		return strings.Compare(a.Name, b.Name)
	})
	s.lumpRare()
	s.paint()
	return s
}

// answerRank stacks 2xx at the bottom, then other codes, errors, and what was never sent on top.
func answerRank(name string) int {
	switch {
	case name == unsent:
		return 1000
	case len(name) == 3 && name[0] == '2':
		return 2
	case len(name) == 3 && name[0] >= '1' && name[0] <= '9':
		return int(name[0]-'0') + 10
	case name == "other error":
		return 101
	}
	return 100
}

// lumpRare joins the rarest classes into one when there are too many to tell apart.
func (s *answerSeries) lumpRare() {
	if len(s.Classes) <= classesMax {
		return
	}
	byTotal := slices.Clone(s.Classes)
	slices.SortStableFunc(byTotal, func(a, b answerClass) int {
		if a.Total != b.Total {
			if a.Total > b.Total {
				return -1
			}
			return 1
		}
		return 0
	})
	rare := answerClass{Name: "others", PerS: make([]float64, len(s.From))}
	lumped := map[string]bool{}
	for _, c := range byTotal[classesMax-1:] {
		lumped[c.Name] = true
		rare.Total += c.Total
		for i, n := range c.PerS {
			rare.PerS[i] += n
		}
	}
	s.Classes = append(slices.DeleteFunc(s.Classes, func(c answerClass) bool { return lumped[c.Name] }), rare)
}

// paint gives each class the colour of its kind, and shades within a kind.
func (s *answerSeries) paint() {
	shades := map[string][]paper.Tint{
		"2":     {paper.Delivered, 0x86B3D6, 0x2F6391},
		"4":     {paper.Refused, 0xE6B5D2, 0xB9558C, 0xF3DCEA},
		"5":     {0x8A2A5B, 0x5C1A3C, 0xA94A7C},
		"error": {paper.Unanswered, 0x8F84C8, 0x3C2F75, 0xBDB6E2, 0x291F52, 0x777F88},
		"other": {0x777F88, 0xA3ABB4},
	}
	used := map[string]int{}
	for i := range s.Classes {
		c := &s.Classes[i]
		kind := "error"
		switch {
		case c.Name == unsent:
			c.Color = paper.Grid
			continue
		case c.Name == "others" || len(c.Name) == 3 && c.Name[0] != '2' && c.Name[0] != '4' && c.Name[0] != '5':
			kind = "other"
		case len(c.Name) == 3:
			kind = c.Name[:1]
		}
		list := shades[kind]
		c.Color = list[used[kind]%len(list)]
		used[kind]++
	}
}
