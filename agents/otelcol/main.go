// Command otelcol is an OpenTelemetry Collector with two components: the
// receiver for Datadog's trace API, and the exporter of OTLP over HTTP. It is
// built from their published modules as a target for spanstorm. What it does is
// said in its configuration, collector.yaml.
//
// The newest version is in go.mod; each other has a module file of its own:
//
//	go build .
//	go build -modfile=v0.118.0.mod .
package main

import (
	"os"
	"runtime/debug"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/datadogreceiver"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/receiver"
)

// library is the module whose version is the collector's version.
const library = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/datadogreceiver"

func main() {
	command := otelcol.NewCommand(settings())
	command.SetVersionTemplate("{{.Version}}\n")
	if command.Execute() != nil { // which has printed why
		os.Exit(1)
	}
}

func settings() otelcol.CollectorSettings {
	return otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "otelcol", Description: "a collector to send traces to", Version: version()},
		Factories: factories,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory(), envprovider.NewFactory()},
			DefaultScheme:     "file",
		}},
	}
}

// factories are of the components that a configuration may name.
func factories() (otelcol.Factories, error) {
	in, out := datadogreceiver.NewFactory(), otlphttpexporter.NewFactory()
	return otelcol.Factories{
		Receivers: map[component.Type]receiver.Factory{in.Type(): in},
		Exporters: map[component.Type]exporter.Factory{out.Type(): out},
	}, nil
}

// version is the receiver's version as it was built in, without the v.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == library {
				return dep.Version[1:]
			}
		}
	}
	return "unknown"
}
