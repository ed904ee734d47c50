package report

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/spanstorm/spanstorm/results"
)

// PageName is the file name of the HTML page in a record's folder.
const PageName = results.PageFile

// Write puts the charts and the HTML page of a record into its folder dir, over
// those of an earlier report, and returns the paths written.
func Write(dir string, rec *results.Record) ([]string, error) {
	paths, err := Charts(dir, rec)
	if err != nil {
		return paths, err
	}
	w, err := results.Open(dir)
	if err != nil {
		return paths, fmt.Errorf("write the report: %w", err)
	}
	var page bytes.Buffer
	if err := HTML(&page, rec); err != nil {
		return paths, err
	}
	if err := w.WriteFile(PageName, page.Bytes()); err != nil {
		return paths, fmt.Errorf("write the report: %w", err)
	}
	return append(paths, filepath.Join(dir, PageName)), nil
}
