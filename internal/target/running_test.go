package target

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/internal/target/counters"
)

// By the file that a target makes of itself others find it, and learn as much.
func TestRunningFile(t *testing.T) {
	one := up(t, writeFile(t, "good", "claims: [{vars: \"http://127.0.0.1:{{port}}/debug/vars\"}]\nacceptance: vars\nhealth: http://127.0.0.1:{{port}}/info\ndrain: 3s\napis: [v0.4]"), Env{Intake: "http://127.0.0.1:4"})
	text, err := one.RunningFile()
	if err != nil {
		t.Fatal(err)
	}
	same := up(t, writeText(t, string(text)), Env{Intake: "http://127.0.0.1:4"})
	if same.Started() || same.URL() != one.URL() || same.Drain() != 3*time.Second || same.Acceptance() != "vars" || same.Info().Name != "fake" {
		t.Errorf("started %v at %s (%s), drain %v, acceptance %s, named %s", same.Started(), same.URL(), one.URL(), same.Drain(), same.Acceptance(), same.Info().Name)
	}
	if at := same.health.path; at != one.URL()+"/info" {
		t.Errorf("health at %s", at)
	}
	if diff := cmp.Diff(one.APIs(), same.APIs()); diff != "" {
		t.Errorf("APIs (-want +got)\n%s", diff)
	}
	if claims, err := same.Claims(t.Context()); err != nil || len(claims) == 0 {
		t.Errorf("%d counters, %v", len(claims), err)
	}
	counted := &Target{endpoint: one.endpoint, acceptance: counters.KindStatsD}
	if text, err := counted.RunningFile(); err == nil {
		t.Errorf("packets come to nobody else: %s", text)
	}
}
