package charts

import (
	"testing"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/report/internal/samples"
)

// All charts of a run of half a minute, in both forms.
func BenchmarkCharts(b *testing.B) {
	rec := samples.Runs()["drops"]
	for form, render := range map[string]func(paper.Chart) ([]byte, error){"svg": paper.Chart.SVG, "png": paper.Chart.PNG} {
		b.Run(form, func(b *testing.B) {
			for b.Loop() {
				for _, c := range All(rec) {
					if _, err := render(c); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
