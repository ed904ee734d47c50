package grammar

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Nearest returns the candidate that name was most likely meant to be; empty: none is near.
func Nearest(name string, candidates []string) string {
	best, bestFar := "", max(1, min(len(name)/3, 4))+1
	for _, c := range candidates {
		if far := distance(strings.ToLower(name), strings.ToLower(c), bestFar); far < bestFar {
			best, bestFar = c, far
		}
	}
	return best
}

// distance counts the insertions, deletions, changes and swaps of neighbours
// (optimal string alignment) between a and b, and gives up at most.
func distance(a, b string, most int) int {
	if d := len(a) - len(b); d >= most || -d >= most || len(a) > 200 {
		return most
	}
	var before, row []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row = append(make([]int, 0, len(b)+1), i)
		for j := 1; j <= len(b); j++ {
			n := last[j-1]
			if a[i-1] != b[j-1] {
				n++
			}
			n = min(n, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				n = min(n, before[j-2]+1)
			}
			row = append(row, n)
		}
		before, last = last, row
	}
	return last[len(b)]
}

// DidYouMean is a hint: the nearest candidate, else the candidates if they are few.
func DidYouMean(name string, candidates []string) string {
	if near := Nearest(name, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	switch {
	case len(candidates) == 0:
		return ""
	case len(candidates) > 24:
		return fmt.Sprintf("there are %d, such as %s", len(candidates), strings.Join(candidates[:8], ", "))
	}
	return "there are " + strings.Join(candidates, ", ")
}

// Shorten quotes a text for a message.
func Shorten(s string) string {
	if utf8.RuneCountInString(s) > 60 {
		s = string([]rune(s)[:60]) + "…"
	}
	return strconv.Quote(s)
}
