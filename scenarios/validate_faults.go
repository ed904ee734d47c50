package scenarios

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

const (
	// maxBody bounds the file of a raw body.
	maxBody = 64 << 20
	// maxKept bounds the files of a scenario that become a part of it. With larger
	// ones it keeps their absolute path, and has to find them again.
	maxKept = 256 << 10
)

// readBodies reads the bodies that faults bring along. Files are relative to dir.
func (v *validator) readBodies(dir string) {
	kept := 0
	for i := range v.s.Faults {
		f, path := &v.s.Faults[i], []any{"faults", i}
		var err error
		switch {
		case f.Hex != "":
			f.Body, err = hex.DecodeString(strings.Join(strings.Fields(f.Hex), ""))
			if err != nil {
				v.Fail(grammar.Under(path, "hex"), "write two digits for each byte, for example 91c0", "hex is not hexadecimal: %v", err)
			}
		case f.Base64 != "":
			f.Body, err = base64.StdEncoding.DecodeString(f.Base64)
			if err != nil {
				v.Fail(grammar.Under(path, "base64"), "write it as base64 prints it, for example kcA=", "base64 cannot be read: %v", err)
			}
		case f.File != "":
			f.Body, err = readBody(inside(dir, f.File))
			if err != nil {
				v.Fail(grammar.Under(path, "file"), "name a file beside the scenario's", "the body of a fault cannot be read: %v", err)
				continue
			}
			if kept += len(f.Body); kept <= maxKept {
				f.File, f.Base64 = "", base64.StdEncoding.EncodeToString(f.Body)
			} else if f.File, err = filepath.Abs(inside(dir, f.File)); err != nil {
				v.Fail(grammar.Under(path, "file"), "give its absolute path", "the body of a fault cannot be found again: %v", err)
			}
		}
	}
}

// inside is the path of a file that is named in a file of dir.
func inside(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// readBody reads a file of at most maxBody bytes.
func readBody(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no plain file", name)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(file, maxBody+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("%s has more than %d MiB", name, maxBody>>20)
	}
	return body, nil
}

func (v *validator) faults() {
	var spans, requests float64
	seen := map[string]bool{}
	for i := range v.s.Faults {
		f, path := &v.s.Faults[i], []any{"faults", i}
		kind, ok := fault.Find(f.Kind)
		if !ok {
			hint := "see spanstorm scenarios faults"
			if near := grammar.Nearest(f.Kind, fault.Names()); near != "" {
				hint = fmt.Sprintf("did you mean %q? Otherwise %s", near, hint)
			}
			v.Fail(grammar.Under(path, "kind"), hint, "there is no fault %s", grammar.Shorten(f.Kind))
			continue
		}
		if f.Share <= 0 {
			v.Fail(grammar.Under(path, "share"), "write a share above 0, for example 0.5%", "the share of %s must be above 0 and at most 100%%", f.Kind)
		}
		v.parameters(path, f, kind)
		if same := fmt.Sprintf("%s %x", f.Kind, f.Body); seen[same] && (len(f.Body) > 0 || len(kind.Takes) == 0) {
			v.Fail(path, "add their shares up in one of them", "the fault %s is there twice", f.Kind)
		} else {
			seen[same] = true
		}
		if slices.Contains(kind.Not, string(v.s.API)) {
			v.Fail(grammar.Under(path, "kind"), "leave it out, or choose one of the APIs "+strings.Join(expressing(kind), ", "), "the fault %s cannot be expressed in API %s", f.Kind, v.s.API)
		}
		if kind.Level == fault.Span {
			spans += float64(f.Share)
		} else {
			requests += float64(f.Share)
		}
	}
	for _, of := range []struct {
		what string
		sum  float64
	}{{"traces", spans}, {"requests", requests}} {
		if of.sum > 1+1e-9 {
			v.Add(v.Place("faults"), "lower them: a trace, and a request, has one fault at most", "the shares of faults of %s add up to %s, more than 100%%", of.what, Share(of.sum))
		}
	}
}

// expressing lists the APIs that can express a fault.
func expressing(kind fault.Kind) []string {
	var list []string
	for _, api := range APIs() {
		if !slices.Contains(kind.Not, string(api)) {
			list = append(list, string(api))
		}
	}
	return list
}

// parameters checks that a fault has what its kind takes, and nothing else.
func (v *validator) parameters(path []any, f *Fault, kind fault.Kind) {
	given := 0
	for _, name := range []string{"hex", "base64", "file"} {
		if !v.Written(grammar.Under(path, name)...) {
			continue
		}
		given++
		if !slices.Contains(kind.Takes, name) {
			v.FailKey(grammar.Under(path, name), "leave it out", "the fault %s takes no %s", f.Kind, name)
		} else if len(f.Body) == 0 {
			v.Fail(grammar.Under(path, name), "write at least one byte, or use the fault empty-body", "%s holds no body", name)
		}
	}
	if len(kind.Takes) > 0 && given != 1 {
		v.Fail(path, "give one of "+strings.Join(kind.Takes, ", "), "the fault %s takes exactly one of %s; %d are given", f.Kind, strings.Join(kind.Takes, ", "), given)
	}
}
