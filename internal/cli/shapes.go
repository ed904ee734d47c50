package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/outlook"
	"github.com/spanstorm/spanstorm/results"
)

// How far a trace of a shape is looked for: requests, and of failed ones, for
// which trees are grown, their spans.
const (
	requestsSearched = 200_000
	spansSearched    = 100_000
)

// drawShape draws the first trace of a shape that is sent, or the first that fails.
func (a *app) drawShape(w *lastingWriter, s subject, shape outlook.Shape, f previewFlags) {
	part := results.FormatPercent(shape.TraceShare, 1)
	tree, seq, err := firstTrace(s, int32(slices.Index(s.corpus.ShapeNames(), shape.Name)), f.failed)
	which := "first one"
	if f.failed {
		which = "first that fails"
	}
	switch {
	case err != nil:
		w.err = err
	case tree == nil && f.failed:
		w.printf("\n%s: %s of traces; none of those looked at fails\n", shape.Name, part)
	case tree == nil:
		w.printf("\n%s: %s of traces; none among the first %s requests\n", shape.Name, part, results.FormatCount(requestsSearched))
	default:
		more := ""
		if len(tree.Parts) > 0 {
			more = fmt.Sprintf(", sent in %d parts %s", len(tree.Parts), inRequests(tree))
		}
		w.printf("\n%s: %s of traces; the %s, in request %s, has %s%s\n\n", shape.Name, part, which, results.FormatCount(seq), treeFigures(tree), more)
		columns := min(width(a.out), widestPage)
		if err := drawTree(w, tree, columns); err != nil {
			w.err = err
		}
		if f.tags {
			drawTags(w, tree, columns)
		}
	}
}

// firstTrace is the first trace of a shape, or the first with a span that failed;
// nil if there is none as far as is looked.
func firstTrace(s subject, shape int32, failed bool) (*generator.Tree, uint64, error) {
	corpus, spans := s.corpus, 0
	chunks := corpus.Chunks(nil, 0)
	for seq := range min(requestsSearched, corpus.Layout().MaxSeq()) {
		chunks = corpus.Chunks(chunks[:0], seq)
		for i := range chunks {
			if chunks[i].Shape != shape {
				continue
			}
			_, slot := corpus.Layout().Seq(chunks[i].Ordinal)
			tree, err := s.tree(seq, slot)
			if err != nil || !failed || slices.ContainsFunc(tree.Spans, func(s generator.Span) bool { return s.Error }) {
				return tree, seq, err
			}
			if spans += len(tree.Spans); spans > spansSearched {
				return nil, 0, nil
			}
		}
	}
	return nil, 0, nil
}

// kindsShown is how many kinds of spans are shown with their tags.
const kindsShown = 40

// drawTags shows one span of each kind of a trace, failed ones apart, with its
// tags and metrics.
func drawTags(w io.Writer, t *generator.Tree, columns int) {
	type kind struct {
		service, name string
		failed        bool
	}
	seen := map[kind]bool{}
	for i := range t.Spans {
		s := &t.Spans[i]
		k := kind{s.Service, s.Name, s.Error}
		if seen[k] {
			continue
		}
		if seen[k] = true; len(seen) > kindsShown {
			_, _ = fmt.Fprintf(w, "\n… and other kinds of spans\n")
			return
		}
		title := s.Service + "  " + s.Name + "  " + s.Resource
		_, _ = fmt.Fprintf(w, "\n%s\n", strings.TrimRight(fit(title, columns), " "))
		line := "   "
		pair := func(text string) {
			if len([]rune(line))+1+len([]rune(text)) > columns && line != "   " {
				_, _ = fmt.Fprintln(w, line)
				line = "   "
			}
			line += " " + strings.TrimRight(fit(text, min(len([]rune(text)), columns-4)), " ")
		}
		pair("type=" + s.Type)
		for _, key := range slices.Sorted(maps.Keys(s.Meta)) {
			if key != "error.stack" {
				pair(key + "=" + quoted(s.Meta[key]))
			}
		}
		for _, key := range slices.Sorted(maps.Keys(s.Metrics)) {
			pair(key + "=" + strconv.FormatFloat(s.Metrics[key], 'f', -1, 64))
		}
		_, _ = fmt.Fprintln(w, line)
		for frame := range strings.Lines(s.Meta["error.stack"]) {
			text := strings.ReplaceAll(strings.TrimRight(frame, "\n"), "\t", "  ")
			_, _ = fmt.Fprintf(w, "      %s\n", strings.TrimRight(fit(text, min(len([]rune(text)), columns-6)), " "))
		}
	}
}

// quoted puts values of several words between quotes.
func quoted(text string) string {
	if strings.ContainsAny(text, " \"") || text == "" {
		return strconv.Quote(text)
	}
	return text
}
