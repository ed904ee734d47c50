package versus

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spanstorm/spanstorm/results"
)

// CapacityDir is where the search of a round lies, in its run's folder.
const CapacityDir = "capacity"

// NewRun is a run with its record, and with the search for a capacity that was made beside it,
// or is the record itself. dir is its folder; path is what reports call it.
func NewRun(round int, path, dir string, rec *results.Record) Run {
	r := Run{Round: round, Path: path, Record: rec}
	found := rec.Capacity
	if found == nil {
		if beside, err := results.Read(filepath.Join(dir, CapacityDir)); err == nil {
			found = beside.Capacity
		}
	}
	switch {
	case found == nil:
	case !found.Answered:
		r.CapacityWhy = cmp.Or(found.NoAnswer, "the search found no answer")
	case found.Low <= 0 || found.High <= 0:
		r.CapacityWhy = fmt.Sprintf("its interval is open: %g to %g %s", found.Low, found.High, found.Counts())
	default:
		r.CapacityPerS, r.CapacityUnit, r.CapacityLow, r.CapacityHigh = found.Answer(), found.Counts(), found.Low, found.High
	}
	return r
}

// ReadSide reads what `diff` takes for one side: a record, or a folder of them. Rounds are those
// that the records name, or are counted.
func ReadSide(label, arg string) (Side, error) {
	side := Side{Target: results.ComparedTarget{Label: label, Target: arg}}
	paths, err := recordsIn(arg)
	if err != nil {
		return side, err
	}
	for i, path := range paths {
		rec, err := results.Read(path)
		if err != nil {
			return side, err
		}
		if rec.Comparison != nil {
			return side, fmt.Errorf("%s is the record of a comparison; give the folder of one of its targets, such as %s", path, filepath.Join(path, "a"))
		}
		round := i + 1
		if rec.Round != nil {
			round = rec.Round.Round
		}
		side.Runs = append(side.Runs, NewRun(round, path, path, rec))
	}
	first := side.Runs[0].Record
	side.Target.Name, side.Target.Version, side.Target.Set = first.Target.Name, first.Target.Version, first.Target.Set
	return side, nil
}

// recordsIn are the records that an argument means.
func recordsIn(arg string) ([]string, error) {
	info, err := os.Stat(arg)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: there is no such record or folder: %w", arg, fs.ErrNotExist)
	case err != nil:
		return nil, err
	case !info.IsDir():
		return []string{arg}, nil
	}
	if _, err := os.Stat(filepath.Join(arg, results.RecordFile)); err == nil {
		return []string{arg}, nil
	}
	found, err := filepath.Glob(filepath.Join(arg, "*", results.RecordFile))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s holds no record, nor do the folders in it: give the folder that a run wrote, or one that holds such folders", arg)
	}
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	slices.Sort(found)
	return found, nil
}

// Together is the comparison that the runs of both sides are a part of; empty: they are not, of
// one and the same.
func Together(a, b Side) string {
	id := ""
	for _, r := range slices.Concat(a.Runs, b.Runs) {
		switch {
		case r.Record.Round == nil:
			return ""
		case id == "":
			id = r.Record.Round.Comparison
		case id != r.Record.Round.Comparison:
			return ""
		}
	}
	return id
}
