package run

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/results"
)

func TestFirstAnswer(t *testing.T) {
	got := firstAnswer(tracer.Seen{Code: 202, Body: []byte("{}\n"), Header: http.Header{
		"Content-Type": {"application/json"}, "Datadog-Rates": {"a", "b\xff"},
		"Date": {"now"}, "Content-Length": {"3"}, "Connection": {"close"},
	}})
	want := &results.FirstAnswer{Code: 202, ContentType: "application/json", Body: "{}\n", Headers: map[string]string{
		"Content-Type": "application/json", "Datadog-Rates": "a, b\uFFFD",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnswerText(t *testing.T) {
	x := strings.Repeat("x", results.AnswerBytesMax)
	for body, want := range map[string]string{
		"":                    "",
		"OK\n":                "OK\n",
		"gr\xc3\xb6\xc3\x9fe": "größe",
		"\x82\xa4rate":        `"\x82\xa4rate"`,
		x + "more":            x,
		x[1:] + "€ and more":  x[1:],
		x[2:] + "\xff\xfe.":   `"` + x[2:] + `\xff\xfe"`,
		x[1:] + "\xc3":        `"` + x[1:] + `\xc3"`,
	} {
		if got := answerText([]byte(body)); got != want {
			t.Errorf("%.20q… (%d bytes) became %q", body, len(body), got)
		}
	}
}
