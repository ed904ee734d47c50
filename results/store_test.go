package results

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// sample is a small record with something in every part.
func sample() *Record {
	h := hdrhistogram.New(1, 60e9, 3)
	for i := int64(1); i <= 1000; i++ {
		_ = h.RecordValue(i * 10_000)
	}
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	latencies := NewLatencies(h, h, h)
	requests := Requests{Planned: 1000, Sent: 1000, Answered: 990, Delivered: 985, ByCode: map[string]uint64{"200": 985, "429": 5}, Errors: Errors{Reset: 10},
		ErrorExamples: map[string][]string{"reset": {"read: connection reset by peer"}}}
	account := Account{Sent: Count{2000, 16000}, Delivered: Count{1970, 15760}, Refused: Count{10, 80}, Unanswered: Count{20, 160}, Accepted: Count{1960, 15680}, Missing: Count{10, 80}}
	return &Record{
		SchemaVersion: SchemaVersion, Valid: true, Complete: true, InvalidReasons: []string{}, Warnings: []string{"a warning"},
		StartedAt: start, EndedAt: start.Add(10 * time.Second), Scenario: json.RawMessage(`{"name":"web-shop"}`), Name: "web-shop", Seed: math.MaxUint64,
		RunKey: strings.Repeat("ab", 16), Fingerprint: "f00d", API: "v0.4", Encoding: "msgpack", Layout: Layout{ChunkBits: 5, SpanBits: 12},
		Tool: Tool{Version: "v0.1.0", Go: "go1.26"}, Machine: Machine{OS: "linux", Arch: "amd64", CPUs: 2},
		Target:        Target{Name: "embedded", URL: "http://127.0.0.1:8126", Exit: &Exit{Code: -1, Signal: "killed", AtS: 9.5}, StderrTail: []string{"bye"}},
		FirstAnswer:   &FirstAnswer{Code: 200, ContentType: "application/json", Headers: map[string]string{"Content-Type": "application/json"}, Body: "{}\n"},
		SamplingRates: map[string]float64{"service:,env:": 0.25},
		Requests:      requests, Load: Load{Traces: 2000, Spans: 16000, Bytes: 4e6},
		Phases: []Phase{
			{Name: "warm-up", Discarded: true, Send: "traces", Requests: Requests{Sent: 100, Delivered: 50}, EndS: 2},
			{Name: "hold", Send: "traces", Planned: 1000, Sent: 1000, StartS: 2, EndS: 10, RatePlannedPerS: 125, RateSentPerS: 125, Requests: requests, Latencies: latencies,
				TimeMarks: []TimeMark{{Seq: 0, UnixNS: start.UnixNano()}}},
		},
		Totals: latencies,
		Ledger: Ledger{Source: "intake", Drained: true, Account: account, RefusedByCode: map[string]Count{"429": {10, 80}}, DroppedByReason: map[string]Count{},
			ByShape: []Part{{Name: "checkout", Account: account}}, ByFault: []Part{}, Claims: []Claim{{Source: "vars", Name: "x", Meaning: "dropped", Value: 3}},
			Examples: Examples{Missing: []Example{{Ordinal: 7, TraceID: "1000000000000000007", Shape: "checkout", Spans: 8, SentAt: start}}, Dropped: []Example{}, Refused: []Example{}, Duplicated: []Example{}}},
		Resources:     Resources{Target: TargetUsage{Usage: Usage{CPUS: 1.5, RSSMaxBytes: 50e6}, CPUSPerMillionSpans: 93.75}},
		Announcements: Announcements{Sent: 1, ByCode: map[string]uint64{"200": 1}},
		Expectations:  []Judgement{{Text: "missing == 0", Got: "10 traces"}},
		Seconds:       []Second{{T: 0, Phase: "hold", Sent: 100, ByCode: map[string]uint64{"200": 100}, ResponseTime: latencies.ResponseTime}},
	}
}

func TestSaveRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	w, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := sample()
	for range 2 { // the second save replaces the first
		if err := w.Save(want); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, RecordFile)} {
		got, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		// Indenting the record indents the scenario within it.
		if diff := cmp.Diff(Clone(want), got, cmpopts.EquateEmpty(), cmp.Transformer("json", func(m json.RawMessage) (v any) { _ = json.Unmarshal(m, &v); return v })); diff != "" {
			t.Errorf("read from %s (-want +got)\n%s", path, diff)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v; want the record alone", entries, err)
	}
}

func TestSaveEmptyListsAndBadFloats(t *testing.T) {
	w, err := Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	rec := &Record{Scenario: json.RawMessage("{broken"), Phases: []Phase{{RateSentPerS: math.NaN(), BytesPerS: math.Inf(1)}}}
	if err := w.Save(rec); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(w.Dir(), RecordFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"invalid_reasons": []`, `"expectations": []`, `"refused_by_code": {}`, `"stderr_tail": []`, `"rate_sent_per_s": 0`, `"scenario": "{broken"`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("record.json lacks %s", want)
		}
	}
	if !math.IsNaN(rec.Phases[0].RateSentPerS) || rec.InvalidReasons != nil {
		t.Error("Save changed the record it was given")
	}
}

func TestCreateRefuses(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(full); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("a folder with a file: got %v, want ErrNotEmpty", err)
	}
	if _, err := Create(filepath.Join(full, "x")); err == nil || !strings.Contains(err.Error(), "in the way") {
		t.Errorf("a file in the way: got %v", err)
	}
	if _, err := Create(filepath.Join(full, "x", "y")); err == nil {
		t.Error("a folder below a file: no error")
	}
	if _, err := Create(""); err == nil {
		t.Error("no name: no error")
	}
}

// A save that fails leaves the record saved before, and no rubbish.
func TestFailedSaveKeepsTheOld(t *testing.T) {
	w, err := Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Save(sample()); err != nil {
		t.Fatal(err)
	}
	// A folder in place of the file makes the rename fail, as a full disk makes the write fail.
	name := filepath.Join(w.Dir(), HistogramsFile)
	if err := os.MkdirAll(filepath.Join(name, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteFile(HistogramsFile, []byte("new")); err == nil {
		t.Fatal("replacing a folder by a file: no error")
	}
	if _, err := Read(w.Dir()); err != nil {
		t.Errorf("the record is lost: %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(w.Dir(), ".*"))
	if len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestReadErrors(t *testing.T) {
	good, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, content string
		want          error
		says          string
	}{
		{"empty", "", ErrTruncated, "empty"},
		{"truncated", string(good[:len(good)/2]), ErrTruncated, "in the middle"},
		{"barely truncated", string(good[:len(good)-1]), ErrTruncated, "in the middle"},
		{"newer", `{"schema_version": 7, "anything": []}`, ErrNewerSchema, "schema version is 7 and this one reads up to 1; upgrade"},
		{"older than the first", `{"schema_version": 0}`, ErrNotRecord, "does not exist"},
		{"other JSON", `{"hello": "world"}`, ErrNotRecord, "no schema_version"},
		{"a list", `[1, 2]`, ErrNotRecord, "array"},
		{"no JSON", "name: web-shop\n", ErrNotRecord, "byte"},
		{"wrong type", `{"schema_version": 1, "phases": 3}`, ErrNotRecord, "phases"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), RecordFile)
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Read(path)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v; want %v, saying %q and the path", err, tt.want, tt.says)
			}
		})
	}
	for name, path := range map[string]string{"absent": filepath.Join(t.TempDir(), "no"), "no record in it": t.TempDir()} {
		if _, err := Read(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want fs.ErrNotExist and the path", name, err)
		}
	}
}

func TestSchemaHoldsForARecord(t *testing.T) {
	schema := Schema()
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, rec := range map[string]*Record{"full": sample(), "empty": {}} {
		if err := w.Save(rec); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(w.Dir(), RecordFile))
		if err != nil {
			t.Fatal(err)
		}
		var value map[string]any
		if err := json.Unmarshal(data, &value); err != nil {
			t.Fatal(err)
		}
		if err := resolved.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		value["added_later"] = 1
		if err := resolved.Validate(value); err != nil {
			t.Errorf("%s, with a field of a later version: %v", name, err)
		}
		value["valid"] = "yes"
		if resolved.Validate(value) == nil {
			t.Errorf("%s: the schema takes a string for valid", name)
		}
	}
}

func TestHistogramsRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		w := &Writer{dir: dir}
		scope := rapid.Custom(func(t *rapid.T) Scope {
			switch name := rapid.String().Draw(t, "name"); {
			case rapid.IntRange(0, 4).Draw(t, "outside") == 0:
				return Scope{OutsideIncidents: true}
			case name != "" && rapid.Bool().Draw(t, "of an incident"):
				return Scope{Incident: name}
			default:
				return Scope{Phase: rapid.SampledFrom([]string{name, incidentTag + name, outsideTag}).Draw(t, "phase")}
			}
		})
		var want []Histogram
		for _, scope := range rapid.SliceOfNDistinct(scope, 0, 4, rapid.ID).Draw(t, "scopes") {
			h := hdrhistogram.New(1, 60e9, 3)
			for _, v := range rapid.SliceOfN(rapid.Int64Range(0, 60e9), 0, 50).Draw(t, "values") {
				if err := h.RecordValue(v); err != nil {
					t.Fatal(err)
				}
			}
			at := time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "start")).UTC()
			want = append(want, Histogram{Scope: scope, Metric: ResponseTime, StartedAt: at, EndedAt: at.Add(time.Second), Values: h})
		}
		if err := w.SaveHistograms(want); err != nil {
			t.Fatal(err)
		}
		got, err := ReadHistograms(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("read %d of %d histograms", len(got), len(want))
		}
		for i := range want {
			if got[i].Scope != want[i].Scope || got[i].Metric != want[i].Metric || !got[i].Values.Equals(want[i].Values) {
				t.Fatalf("histogram %d: got %+v %q", i, got[i].Scope, got[i].Metric)
			}
			if d := got[i].StartedAt.Sub(want[i].StartedAt).Abs(); d > time.Millisecond {
				t.Fatalf("histogram %d starts %v off", i, d)
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	good, err := json.Marshal(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/3])
	f.Add([]byte(`{"schema_version":2}`))
	f.Add([]byte(`{"schema_version":1,"ledger":null,"phases":[{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := Decode(data)
		if err != nil {
			if !errors.Is(err, ErrNotRecord) && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrNewerSchema) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		// What was read can be judged and written, and reads back the same.
		exp := Expectation{Text: "missing == 0", Metric: "missing", Op: Equal, Percent: true}
		Judge(rec, []Expectation{exp})
		first, err := Encode(rec)
		if err != nil {
			t.Fatalf("a record that was read cannot be written: %v", err)
		}
		again, err := Decode(first)
		if err != nil {
			t.Fatalf("a record that was written cannot be read: %v", err)
		}
		second, err := Encode(again)
		if err != nil || string(first) != string(second) {
			t.Fatalf("reading and writing is not stable: %v", err)
		}
	})
}

func FuzzDecodeHistograms(f *testing.F) {
	w := &Writer{dir: f.TempDir()}
	h := hdrhistogram.New(1, 1e9, 2)
	_ = h.RecordValue(1234)
	if err := w.SaveHistograms([]Histogram{{Scope: Scope{Phase: "a b,c"}, Metric: SendDelay, Values: h}}); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(w.dir, HistogramsFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	f.Add("Tag=,\n0,0,0,HISTFAAAA\n")
	f.Fuzz(func(_ *testing.T, log string) {
		histograms, err := DecodeHistograms(strings.NewReader(log))
		if err != nil {
			return
		}
		for _, h := range histograms {
			NewQuantiles(h.Values, 0)
		}
	})
}
