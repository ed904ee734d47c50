// Package prove is what the long proofs have in common: a folder in which each
// keeps the results of its parts, so that one that was interrupted goes on where it
// ended, and the pages below docs/proofs that they write. What is proved, and how, is in the
// tests with the build tag prove.
package prove

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// LedgerHead begins docs/proofs/ledger.md, which several proofs share.
const LedgerHead = `# What the ledger costs

` + "`make prove-ledger`" + ` measures it on your machine and writes the sections below.`

// Root is the folder of this module, from a folder inside it.
func Root() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("look for the module: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
		up := filepath.Dir(at)
		if up == at {
			return "", errors.New("look for the module: no go.mod here or above; run this inside the repository")
		}
		at = up
	}
}

// Kept is where the result called name is kept: under bin/prove, which `make clean` deletes.
func Kept(name string) (string, error) {
	root, err := Root()
	return filepath.Join(root, "bin", "prove", filepath.FromSlash(name)), err
}

// Write writes docs/proofs/NAME.
func Write(name string, text []byte) error {
	root, err := Root()
	if err != nil {
		return err
	}
	folder := filepath.Join(root, "docs", "proofs")
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // to be read by all
		return fmt.Errorf("write the proof: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil { //nolint:gosec // as above
		return fmt.Errorf("write the proof: %w", err)
	}
	return nil
}

// Section replaces one section of docs/proofs/NAME, or appends it; the page begins
// with head when there is none yet.
func Section(name, head, section, text string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "proofs", name))
	switch {
	case errors.Is(err, os.ErrNotExist):
		page = []byte(strings.TrimSpace(head) + "\n")
	case err != nil:
		return fmt.Errorf("write the proof: %w", err)
	}
	return Write(name, replace(page, section, text))
}

// replace puts text between the marks of a section, which come at the end where
// there are none.
func replace(page []byte, section, text string) []byte {
	begin, end := []byte("<!-- "+section+": begin -->\n"), []byte("<!-- "+section+": end -->\n")
	body := []byte("\n" + strings.TrimSpace(text) + "\n\n")
	head, rest, opened := bytes.Cut(page, begin)
	_, tail, closed := bytes.Cut(rest, end)
	if !opened || !closed {
		head, tail = slices.Concat(bytes.TrimRight(page, "\n"), []byte("\n\n")), nil
	}
	return slices.Concat(head, begin, body, end, tail)
}
