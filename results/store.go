package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
)

// The names of files in a record's folder.
const (
	RecordFile     = "record.json"
	HistogramsFile = "histograms.hlog"
	TargetLogFile  = "target.log"
	RawFile        = "results.gob"
	PageFile       = "report.html"
)

// ErrNotEmpty says that a record would have been written into a folder that
// already holds something.
var ErrNotEmpty = errors.New("the folder is not empty")

// Writer writes one record into its folder. It is not safe for concurrent use.
type Writer struct {
	dir string
}

// Create makes the folder dir, and its parents, for a new record. A folder that
// already holds something is refused with [ErrNotEmpty]: a record is never
// written over another.
func Create(dir string) (*Writer, error) {
	if dir == "" {
		return nil, errors.New("create the record: no folder was given")
	}
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return nil, fmt.Errorf("create the record %s: a file of that name is in the way; choose another folder", dir)
	case err == nil:
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("create the record %s: look into the folder: %w", dir, err)
		}
		if len(entries) > 0 {
			return nil, fmt.Errorf("create the record %s: %w (it holds %s); choose another folder or remove it", dir, ErrNotEmpty, entries[0].Name())
		}
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("create the record %s: %w", dir, err)
		}
	default:
		return nil, fmt.Errorf("create the record %s: %w", dir, err)
	}
	// Find out now, not after the run, that nothing can be written here.
	probe, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return nil, fmt.Errorf("create the record %s: the folder cannot be written: %w", dir, err)
	}
	_ = probe.Close()
	if err := os.Remove(probe.Name()); err != nil {
		return nil, fmt.Errorf("create the record %s: %w", dir, err)
	}
	return &Writer{dir: dir}, nil
}

// Open returns a writer for a folder that already holds a record, for what is
// added to it later.
func Open(dir string) (*Writer, error) {
	if _, err := os.Stat(filepath.Join(dir, RecordFile)); err != nil {
		return nil, fmt.Errorf("open the record %s: %w", dir, err)
	}
	return &Writer{dir: dir}, nil
}

// Dir is the record's folder.
func (w *Writer) Dir() string { return w.dir }

// Save writes record.json: to a temporary name, synced, then renamed. When it
// fails, on a full disk for instance, the file saved before is left as it was.
func (w *Writer) Save(rec *Record) error {
	data, err := Encode(rec)
	if err != nil {
		return fmt.Errorf("save the record %s: %w", w.dir, err)
	}
	if err := w.WriteFile(RecordFile, data); err != nil {
		return fmt.Errorf("save the record: %w", err)
	}
	return nil
}

// Encode is the content of record.json for a record, which is not changed.
// Lists and maps that are nil are written as empty ones, figures that are no
// numbers (NaN, ±Inf) as 0, for JSON has none; a scenario that is no JSON is
// written as a string.
func Encode(rec *Record) ([]byte, error) {
	clean := Clone(rec)
	clean.SchemaVersion = SchemaVersion
	if !json.Valid(clean.Scenario) {
		// A scenario that cannot be written must not cost the whole record.
		text, err := json.Marshal(string(clean.Scenario))
		if err != nil {
			text = []byte("null")
		}
		clean.Scenario = text
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(clean); err != nil {
		return nil, fmt.Errorf("encode the record: %w", err)
	}
	return buf.Bytes(), nil
}

// WriteFile puts a file of that name into the record's folder, whole or not at
// all: a reader sees the old content or the new one, whatever happens in between.
func (w *Writer) WriteFile(name string, data []byte) (err error) {
	path := filepath.Join(w.dir, name)
	temporary, err := os.CreateTemp(w.dir, "."+name+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = temporary.Close()
			_ = os.Remove(temporary.Name())
			err = fmt.Errorf("write %s: %w; what was saved before is still there", path, err)
		}
	}()
	if _, err = temporary.Write(data); err != nil {
		return err
	}
	// CreateTemp makes files for the owner only; a record is no secret.
	if err = temporary.Chmod(0o644); err != nil && runtime.GOOS != "windows" {
		return err
	}
	if err = temporary.Sync(); err != nil {
		return err
	}
	if err = temporary.Close(); err != nil {
		return err
	}
	if err = os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	syncFolder(w.dir)
	return nil
}

// syncFolder makes a rename last through a power cut where the system can; the
// file itself is safe already, so a failure here is no failure of the save.
func syncFolder(dir string) {
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
}

// cleaned copies v deeply. Nil slices and maps become empty ones and floats that
// JSON cannot write become 0.
func cleaned(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Float64:
		if f := v.Float(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			out.SetFloat(f)
		}
	case reflect.Struct:
		out.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(cleaned(v.Field(i)))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			out.Set(v)
			break
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(cleaned(v.Index(i)))
		}
	case reflect.Map:
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		for entries := v.MapRange(); entries.Next(); {
			out.SetMapIndex(entries.Key(), cleaned(entries.Value()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(cleaned(v.Elem()))
		}
	default:
		out.Set(v)
	}
	return out
}

// Clone is a deep copy of a record, fit for JSON: see [Encode].
func Clone(rec *Record) *Record {
	out := new(Record)
	reflect.ValueOf(out).Elem().Set(cleaned(reflect.ValueOf(*rec)))
	return out
}
