package report

import (
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/results"
)

func TestUnexpected(t *testing.T) {
	one := results.Count{Traces: 1, Spans: 3}
	for _, tt := range []struct {
		expected string
		account  results.Account
		code     string
		blind    bool
		want     string
	}{
		{"dropped", results.Account{Delivered: one, Dropped: one}, "", false, ""},
		{"dropped", results.Account{Delivered: one, Missing: one}, "", false, ""},
		{"dropped", results.Account{Delivered: one, Accepted: one}, "", false, "1 accepted"},
		{"altered", results.Account{Delivered: one, Accepted: one}, "", false, ""},
		{"altered", results.Account{Delivered: one, Missing: one}, "", false, "1 missing"},
		{"accepted", results.Account{Delivered: one, Accepted: one, Partial: one}, "", false, "1 in part"},
		{"accepted", results.Account{Unanswered: one}, "", false, "1 unanswered"},
		{"refused 400 413,nothing", results.Account{Refused: one}, "413", false, ""},
		{"refused 400 413,nothing", results.Account{Delivered: one, Missing: one}, "", false, ""},
		{"refused 400 413", results.Account{Refused: one}, "429", false, "1 refused 429"},
		{"accepted", results.Account{Refused: one}, "400", false, "1 refused 400"},
		{"refused 400", results.Account{Refused: one, AcceptedThoughRefused: one}, "400", false, "1 accepted though not delivered"},
		{"accepted", results.Account{Delivered: one, SampledOut: one}, "", false, ""},
		{"dropped", results.Account{Delivered: one, Accepted: one}, "", true, ""},
		{"refused 400", results.Account{Delivered: one, Accepted: one}, "", true, "1 delivered"},
	} {
		p := results.Part{Account: tt.account, Expected: strings.Split(tt.expected, ",")}
		if tt.code != "" {
			p.RefusedByCode = map[string]results.Count{tt.code: tt.account.Refused}
		}
		if got := strings.Join(Unexpected(&p, tt.blind), ", "); got != tt.want {
			t.Errorf("%s of %+v: %q, want %q", tt.expected, tt.account, got, tt.want)
		}
	}
}

// TestUnexpectedlyAltered holds that a sample is held against what is documented only
// where it is certain.
func TestUnexpectedlyAltered(t *testing.T) {
	one := results.Count{Traces: 9, Spans: 27}
	for _, tt := range []struct {
		expected string
		altered  results.PartAltered
		blind    bool
		want     string
	}{
		{"altered", results.PartAltered{Compared: 5, Altered: 5}, false, ""},
		{"altered", results.PartAltered{Compared: 5, Altered: 3}, false, "2 of 5 compared not altered"},
		{"altered", results.PartAltered{}, false, ""},
		{"altered,dropped", results.PartAltered{Compared: 5}, false, "5 of 5 compared not altered"},
		{"accepted,altered", results.PartAltered{Compared: 5, Altered: 3, Own: 3}, false, ""},
		{"accepted", results.PartAltered{Compared: 5, Altered: 3}, false, ""},         // as other traces are
		{"accepted", results.PartAltered{Compared: 5, Altered: 3, Own: 2}, false, ""}, // so may some of the others be
		{"accepted", results.PartAltered{Compared: 5, Altered: 3, Own: 3}, false, "3 of 5 compared altered"},
		{"dropped", results.PartAltered{Compared: 9, Altered: 9, Own: 9}, false, "9 accepted"},
		{"accepted", results.PartAltered{Compared: 5, Altered: 3, Own: 3}, true, ""},
	} {
		p := results.Part{Account: results.Account{Delivered: one, Accepted: one}, Expected: strings.Split(tt.expected, ","), Altered: &tt.altered}
		if got := strings.Join(Unexpected(&p, tt.blind), ", "); got != tt.want {
			t.Errorf("%s of %+v: %q, want %q", tt.expected, tt.altered, got, tt.want)
		}
	}
}
