package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every file in testdata/errors is wrong in the ways that its .golden file
// lists. Lines `# --set …` at its head are settings. On a difference the new
// text is left beside it as .got: read it, and rename it if it is right.
func TestErrorsGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/errors/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var sets []string
			for line := range strings.Lines(string(src)) {
				if set, ok := strings.CutPrefix(line, "# --set "); ok {
					sets = append(sets, strings.TrimSpace(set))
				}
			}
			_, err = Parse(filepath.Base(file), src, sets)
			var problems *Problems
			if !errors.As(err, &problems) {
				t.Fatalf("Parse: %v, want *Problems", err)
			}
			checkPlaces(t, problems)
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			got := err.Error() + "\n"
			want, err := os.ReadFile(golden)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				if err := os.WriteFile(strings.TrimSuffix(file, ".yaml")+".got", []byte(got), 0o644); err != nil {
					t.Error(err)
				}
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// checkPlaces holds what every list of problems promises.
func checkPlaces(t interface{ Errorf(string, ...any) }, p *Problems) {
	if len(p.List) == 0 {
		t.Errorf("an error without problems")
	}
	last := map[string]int{}
	for _, problem := range p.List {
		if problem.File == "" || problem.Line < 1 || problem.Column < 1 || problem.Message == "" {
			t.Errorf("a problem without a place or a message: %+v", problem)
		}
		if problem.Line < last[problem.File] {
			t.Errorf("out of order: %s", problem)
		}
		last[problem.File] = problem.Line
	}
}

// All problems at once means all of them, up to a bound that is said.
func TestErrorShowsAll(t *testing.T) {
	for _, tt := range []struct {
		wrong, shown int
		rest         string
	}{{600, 600, ""}, {1000, 1000, ""}, {1003, 1000, "and 3 more problems"}} {
		src := strings.Repeat("- {rate: fast, for: 1s}\n", tt.wrong)
		_, err := Parse("many.yaml", []byte("load:\n"+src+"services: {a: {operations: {b: {name: c, resource: d, duration: 1ms}}}}\nshapes: [{entry: a.b}]\n"), nil)
		if err == nil {
			t.Fatal("no error")
		}
		if got := strings.Count(err.Error(), "is not a rate"); got != tt.shown {
			t.Errorf("%d of %d problems are shown, want %d", got, tt.wrong, tt.shown)
		}
		if _, rest, _ := strings.Cut(err.Error(), "\nand "); (rest != "") != (tt.rest != "") || !strings.HasSuffix(err.Error(), tt.rest) {
			t.Errorf("of %d problems, the error ends in %q, want %q", tt.wrong, rest, tt.rest)
		}
	}
}
