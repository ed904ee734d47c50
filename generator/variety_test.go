package generator

import (
	"testing"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/scenarios"
)

// A tag with `every` has one value in all traces of so many requests, and
// another one after them; in the body as in the tree that people look at.
func TestValuesLastForRequests(t *testing.T) {
	const every = 3
	s := shop()
	s.Services["web"].Operations["checkout"].Tags["deployment"] = scenarios.Tag{Cardinality: 1_000_000, Every: every}
	c := compileOrFatal(t, s)
	k := c.Composer(identity.Key{3})
	values := map[string]int{} // the stretch that a value is of
	for seq := range uint64(10 * every) {
		inRequest := map[string]bool{}
		for i, spans := range readBack(t, c, k.Append(nil, seq, someTime)) {
			value := spans[0].Meta["deployment"]
			if value == "" {
				continue // of another shape
			}
			inRequest[value] = true
			tree, err := c.Tree(seq, i)
			if err != nil {
				t.Fatal(err)
			}
			if got := tree.Spans[0].Meta["deployment"]; got != value {
				t.Fatalf("request %d, trace %d: the tree has %q, the body %q", seq, i, got, value)
			}
			if stretch, known := values[value]; known && stretch != int(seq/every) {
				t.Errorf("request %d has the value of stretch %d", seq, stretch)
			}
			values[value] = int(seq / every)
		}
		if len(inRequest) != 1 {
			t.Errorf("request %d has %d values", seq, len(inRequest))
		}
	}
	if len(values) != 10 {
		t.Errorf("%d values in 10 stretches", len(values))
	}
	for _, tag := range c.Tags(20 * 10 * every) {
		if tag.Key == "deployment" && (tag.Distinct != 10 || tag.Every != every) {
			t.Errorf("looked at as %+v", tag)
		}
	}
	other := shop()
	other.Services["web"].Operations["checkout"].Tags["deployment"] = scenarios.Tag{Cardinality: 1_000_000, Every: every + 1}
	if c.Fingerprint() == compileOrFatal(t, other).Fingerprint() {
		t.Error("another every leaves the fingerprint as it was")
	}
}

func TestCorpusSize(t *testing.T) {
	base, err := Compile(shop())
	if err != nil {
		t.Fatal(err)
	}
	spans := func(c *Corpus) (n int) {
		for i := range c.templates {
			n += c.templates[i].Spans()
		}
		return n
	}
	for _, size := range []scenarios.CorpusSize{{Spans: 20_000}, {Spans: 150_000}, {Memory: 10_000_000}, {Memory: 60_000_000}, {WorkingSet: 8_000}} {
		s := shop()
		s.Corpus = &size
		c, err := Compile(s)
		if err != nil {
			t.Fatal(err)
		}
		st := c.Stats(1)
		if got, want := float64(spans(c)), float64(size.Spans); want > 0 && (got < 0.7*want || got > 1.3*want) {
			t.Errorf("%+v: %v spans", size, got)
		}
		if got, want := float64(st.TemplateBytes), float64(size.Memory); want > 0 && (got < 0.7*want || got > 1.3*want) {
			t.Errorf("%+v: %v bytes", size, got)
		}
		of := float64(st.InUse) / float64(st.Templates)
		if set := float64(size.WorkingSet); set > 0 && (of < 0.9*set/spansInPools || of > 1.3*set/spansInPools) {
			t.Errorf("%+v: %d of %d templates are in use", size, st.InUse, st.Templates)
		}
		if c.Fingerprint() == base.Fingerprint() {
			t.Errorf("%+v: the fingerprint is that of another size", size)
		}
	}
	s := shop()
	s.Shapes[1].Templates = 77
	c := compileOrFatal(t, s)
	if n := c.plan.Pools[1].N; n != 77 {
		t.Errorf("a shape of 77 templates has %d", n)
	}
}
