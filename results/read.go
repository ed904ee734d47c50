package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Why a record could not be read, beside errors of the file system
// ([fs.ErrNotExist] when there is none).
var (
	ErrNotRecord   = errors.New("not a record")
	ErrTruncated   = errors.New("the record is cut short")
	ErrNewerSchema = errors.New("the record was written by a newer spanstorm")
)

// recordMaxBytes bounds what is read into memory: a record of a day's run has
// about 100 MB.
const recordMaxBytes = 1 << 30

// Read reads a record: path is its folder or its record.json.
func Read(path string) (*Record, error) {
	file, err := recordPath(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read the record %s: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, recordMaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the record %s: %w", file, err)
	}
	if len(data) > recordMaxBytes {
		return nil, fmt.Errorf("read the record %s: %w: it is larger than %s", file, ErrNotRecord, FormatBytes(recordMaxBytes))
	}
	rec, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("read the record %s: %w", file, err)
	}
	return rec, nil
}

// recordPath finds record.json from what a person gave.
func recordPath(path string) (string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the record %s: there is no such folder or file: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return "", fmt.Errorf("read the record %s: %w", path, err)
	}
	if !info.IsDir() {
		return path, nil
	}
	file := filepath.Join(path, RecordFile)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the record %s: the folder holds no %s; give the folder that a run wrote: %w", path, RecordFile, fs.ErrNotExist)
	}
	return file, nil
}

// Decode reads the content of a record.json. Fields that this version does not
// know are ignored.
func Decode(data []byte) (*Record, error) {
	var head struct {
		SchemaVersion *int `json:"schema_version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, decodeError(data, err)
	}
	switch {
	case head.SchemaVersion == nil:
		return nil, fmt.Errorf("%w: it has no schema_version; %s", ErrNotRecord, giveRecord)
	case *head.SchemaVersion > SchemaVersion:
		return nil, fmt.Errorf("%w: its schema version is %d and this one reads up to %d; upgrade spanstorm to read it", ErrNewerSchema, *head.SchemaVersion, SchemaVersion)
	case *head.SchemaVersion < 1:
		return nil, fmt.Errorf("%w: schema version %d does not exist", ErrNotRecord, *head.SchemaVersion)
	}
	rec := new(Record)
	if err := json.Unmarshal(data, rec); err != nil {
		return nil, decodeError(data, err)
	}
	return rec, nil
}

// giveRecord is what helps against a file that is something else.
const giveRecord = "give a folder that `spanstorm run` wrote, or its " + RecordFile

// decodeError tells a file that ends too early from one that is something else.
func decodeError(data []byte, err error) error {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case len(data) == 0:
		return fmt.Errorf("%w: the file is empty; copy it once more from where the run wrote it", ErrTruncated)
	case errors.As(err, &mismatch) && mismatch.Field == "":
		return fmt.Errorf("%w: it holds a JSON %s instead of an object; %s", ErrNotRecord, mismatch.Value, giveRecord)
	case errors.As(err, &mismatch):
		return fmt.Errorf("%w: %s cannot be a %s (byte %d)", ErrNotRecord, mismatch.Field, mismatch.Value, mismatch.Offset)
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(data)) && data[0] == '{':
		return fmt.Errorf("%w: it ends after %d bytes in the middle of the JSON; copy it once more from where the run wrote it", ErrTruncated, len(data))
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: byte %d is no JSON: %w; %s", ErrNotRecord, syntax.Offset, err, giveRecord)
	}
	return fmt.Errorf("%w: %w", ErrNotRecord, err)
}
