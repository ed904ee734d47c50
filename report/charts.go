package report

import (
	"fmt"
	"path/filepath"

	"github.com/spanstorm/spanstorm/report/charts"
	"github.com/spanstorm/spanstorm/results"
)

// Charts draws the charts of a record into its folder dir, each as NAME.svg and
// NAME.png, and returns the paths written.
func Charts(dir string, rec *results.Record) ([]string, error) {
	w, err := results.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("draw the charts: %w", err)
	}
	var paths []string
	for _, c := range charts.All(rec) {
		for ending, render := range map[string]func() ([]byte, error){".svg": c.SVG, ".png": c.PNG} {
			data, err := render()
			if err != nil {
				return paths, err
			}
			if err := w.WriteFile(c.Name+ending, data); err != nil {
				return paths, fmt.Errorf("draw the charts: %w", err)
			}
			paths = append(paths, filepath.Join(dir, c.Name+ending))
		}
	}
	return paths, nil
}
