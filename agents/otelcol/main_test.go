package main

import (
	"strings"
	"testing"

	"go.opentelemetry.io/collector/otelcol"
)

// The configuration names only components that are built in, and fields that they have.
func TestConfiguration(t *testing.T) {
	t.Setenv("PORT", "1")
	t.Setenv("DEBUG_PORT", "2")
	dryRun := func(intake string) error {
		t.Setenv("INTAKE", intake)
		set := settings()
		set.ConfigProviderSettings.ResolverSettings.URIs = []string{"collector.yaml"}
		collector, err := otelcol.NewCollector(set)
		if err != nil {
			t.Fatal(err)
		}
		return collector.DryRun(t.Context())
	}
	if err := dryRun("http://127.0.0.1:3"); err != nil {
		t.Error(err)
	}
	if err := dryRun(""); err == nil || !strings.Contains(err.Error(), "endpoint") {
		t.Errorf("without an intake: %v", err)
	}
}

func TestVersion(t *testing.T) {
	if v := version(); !strings.HasPrefix(v, "0.") {
		t.Errorf("version %q", v)
	}
}
