package results

import (
	"strings"
	"testing"
)

func TestUnexpected(t *testing.T) {
	one := Count{Traces: 1, Spans: 3}
	for _, tt := range []struct {
		expected string
		account  Account
		code     string
		blind    bool
		want     string
	}{
		{"dropped", Account{Delivered: one, Dropped: one}, "", false, ""},
		{"dropped", Account{Delivered: one, Missing: one}, "", false, ""},
		{"dropped", Account{Delivered: one, Accepted: one}, "", false, "1 accepted"},
		{"altered", Account{Delivered: one, Accepted: one}, "", false, ""},
		{"altered", Account{Delivered: one, Missing: one}, "", false, "1 missing"},
		{"accepted", Account{Delivered: one, Accepted: one, Partial: one}, "", false, "1 in part"},
		{"accepted", Account{Unanswered: one}, "", false, "1 unanswered"},
		{"refused 400 413,nothing", Account{Refused: one}, "413", false, ""},
		{"refused 400 413,nothing", Account{Delivered: one, Missing: one}, "", false, ""},
		{"refused 400 413", Account{Refused: one}, "429", false, "1 refused 429"},
		{"accepted", Account{Refused: one}, "400", false, "1 refused 400"},
		{"refused 400", Account{Refused: one, AcceptedThoughRefused: one}, "400", false, "1 accepted though not delivered"},
		{"accepted", Account{Delivered: one, SampledOut: one}, "", false, ""},
		{"dropped", Account{Delivered: one, Accepted: one}, "", true, ""},
		{"refused 400", Account{Delivered: one, Accepted: one}, "", true, "1 delivered"},
	} {
		p := Part{Account: tt.account, Expected: strings.Split(tt.expected, ",")}
		if tt.code != "" {
			p.RefusedByCode = map[string]Count{tt.code: tt.account.Refused}
		}
		if got := strings.Join(p.Unexpected(tt.blind), ", "); got != tt.want {
			t.Errorf("%s of %+v: %q, want %q", tt.expected, tt.account, got, tt.want)
		}
	}
}
