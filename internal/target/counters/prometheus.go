package counters

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// NewPrometheus reads the page of Prometheus's text exposition at url.
func NewPrometheus(get Get, url string) Source {
	return &page{kind: KindPrometheus, url: url, get: get, parse: parsePrometheus}
}

// parsePrometheus reads counters, gauges and numbers without a type. Histograms
// and summaries speak of no column, and are left out. A family is one counter
// for each of the labels that say what it speaks of:
//
//	otelcol_receiver_accepted_spans_total{receiver="datadog"}
func parsePrometheus(body []byte) (Readings, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the page is no Prometheus text exposition: %w", err)
	}
	readings := Readings{}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		family := families[name]
		for _, m := range family.GetMetric() {
			var value float64
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				value = m.GetCounter().GetValue()
			case dto.MetricType_GAUGE:
				value = m.GetGauge().GetValue()
			case dto.MetricType_UNTYPED:
				value = m.GetUntyped().GetValue()
			default:
				continue
			}
			if math.IsNaN(value) || math.IsInf(value, 0) {
				continue
			}
			readings.add(KindPrometheus, name+labels(m), value, family.GetType() == dto.MetricType_GAUGE)
		}
	}
	return readings, nil
}

// labels writes the labels that say what a counter speaks of.
func labels(m *dto.Metric) string {
	var parts []string
	for _, l := range m.GetLabel() {
		if spoken(l.GetName()) {
			parts = append(parts, l.GetName()+"="+strconv.Quote(l.GetValue()))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ",") + "}"
}
