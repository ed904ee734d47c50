package main

import (
	"bytes"
	"context"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/generator"
	oracle "github.com/spanstorm/spanstorm/internal/agent/decode"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/scenarios"
)

// TestEmbeddedForwardsWhatWasGenerated goes the other way than a run: what the intake
// decodes in full equals the trees that were generated, field by field.
func TestEmbeddedForwardsWhatWasGenerated(t *testing.T) {
	t.Parallel()
	forwardsWhatWasGenerated(t, target.EmbeddedName)
}

func forwardsWhatWasGenerated(t *testing.T, arg string) {
	const requests = 5
	self, err := exec.LookPath("spanstorm")
	if err != nil {
		t.Fatal(err)
	}
	for _, sets := range [][]string{{}, {"encoding=json"}, {"api=v0.3"}, {"api=v0.5"}, {"api=v0.7"}, {"api=v1.0"}} {
		t.Run(strings.Join(sets, " "), func(t *testing.T) {
			t.Parallel()
			s, err := scenarios.Load("web-shop", append(besideOthers(), sets...))
			if err != nil {
				t.Fatal(err)
			}
			withExtras(s)
			corpus, err := generator.Compile(s)
			if err != nil {
				t.Fatal(err)
			}
			key, err := identity.NewKey()
			if err != nil {
				t.Fatal(err)
			}
			codec := identity.New(key, corpus.Layout())
			backend, err := intake.Start(intake.Options{Listen: "127.0.0.1:0", Control: "127.0.0.1:0", Samples: 100})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = backend.Stop(context.Background()) }()
			if err := backend.SetRun(key, corpus.Layout()); err != nil {
				t.Fatal(err)
			}
			spec, err := target.Parse(arg)
			if err != nil {
				t.Fatal(err)
			}
			agent, err := spec.Start(t.Context(), target.Env{Intake: "http://" + backend.Addrs().Listen, Self: self, Scratch: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}

			composer, now := corpus.Composer(key), time.Now().UnixNano()
			want := map[uint64]map[uint64]generator.Span{}
			for seq := range uint64(requests) {
				put(t, agent.URL()+corpus.Path(), corpus.ContentType(), composer.Append(nil, seq, now))
				for i := range corpus.Chunks(nil, seq) {
					tree, err := corpus.Tree(seq, i)
					if err != nil {
						t.Fatal(err)
					}
					tree.Stamp(codec, now)
					spans := map[uint64]generator.Span{}
					for _, span := range tree.Spans {
						spans[span.SpanID] = span
					}
					want[tree.Spans[0].TraceID] = spans
				}
			}
			if err := agent.Stop(t.Context()); err != nil { // it flushes
				t.Fatal(err)
			}
			compare(t, s.API, want, forwarded(t, backend.Samples()))
		})
	}
}

func put(t *testing.T, url, contentType string, body []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPut, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Datadog-Trace-Count", "20")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("PUT %s: %s", url, resp.Status)
	}
}

// span is what the two sides have in common.
type span struct {
	Service, Name, Resource, Type string
	TraceID, SpanID, ParentID     uint64
	Start, Duration               int64
	Error                         bool
	Meta                          map[string]string
	Metrics                       map[string]float64
	Extras                        extras
}

// forwarded decodes payloads of the intake in full: both forms, with Datadog's own types.
func forwarded(t *testing.T, samples []intake.Sample) map[uint64]map[uint64]span {
	t.Helper()
	out := map[uint64]map[uint64]span{}
	add := func(s span) {
		if out[s.TraceID] == nil {
			out[s.TraceID] = map[uint64]span{}
		}
		out[s.TraceID][s.SpanID] = s
	}
	for _, tracer := range tracerPayloads(t, samples) {
		for _, trace := range oracle.Traces(tracer) {
			for _, s := range trace {
				add(span{
					Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
					TraceID: s.TraceID, SpanID: s.SpanID, ParentID: s.ParentID,
					Start: s.Start, Duration: s.Duration, Error: s.Error != 0, Meta: s.Meta, Metrics: s.Metrics,
					Extras: extrasOf(s),
				})
			}
		}
	}
	return out
}

// tracerPayloads are what payloads of the intake hold of each tracer.
func tracerPayloads(t *testing.T, samples []intake.Sample) []*pb.TracerPayload {
	t.Helper()
	var tracers []*pb.TracerPayload
	for _, sample := range samples {
		if !strings.HasSuffix(sample.Path, "/traces") {
			continue
		}
		payload, err := sample.Decode()
		if err != nil {
			t.Fatal(err)
		}
		tracers = append(tracers, payload.TracerPayloads...)
		for _, indexed := range payload.IdxTracerPayloads {
			tracers = append(tracers, oracle.FromIndexed(idx.FromProto(indexed)))
		}
	}
	return tracers
}

// compare holds what came out against what was generated, normalisation aside:
// the agent adds tags of its own and moves some (priority, decision maker, the
// trace id's upper half) from the spans to their chunk or payload.
func compare(t *testing.T, api scenarios.API, want map[uint64]map[uint64]generator.Span, got map[uint64]map[uint64]span) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d traces came out of %d", len(got), len(want))
	}
	tags, links, events, structs, differences := 0, 0, 0, 0, 0
	for trace, spans := range want {
		for id, w := range spans {
			g, ok := got[trace][id]
			if !ok {
				t.Fatalf("span %d of trace %d did not come out", id, trace)
			}
			expected := span{
				Service: w.Service, Name: w.Name, Resource: w.Resource, Type: w.Type,
				TraceID: w.TraceID, SpanID: w.SpanID, ParentID: w.ParentID,
				Start: w.StartUnixNS, Duration: int64(w.Duration), Error: w.Error,
				Meta: map[string]string{}, Metrics: map[string]float64{},
				Extras: extrasGenerated(api, w),
			}
			seen := g
			seen.Meta, seen.Metrics = map[string]string{}, map[string]float64{}
			for key, value := range w.Meta {
				if moved(key) {
					continue
				}
				tags++
				expected.Meta[key], seen.Meta[key] = value, g.Meta[key]
			}
			for key, value := range w.Metrics {
				if moved(key) {
					continue
				}
				tags++
				expected.Metrics[key], seen.Metrics[key] = value, g.Metrics[key]
			}
			links, events, structs = links+len(w.Links), events+len(w.Events), structs+len(w.MetaStruct)
			if w.Type == "sql" { // the agent rewrites statements
				expected.Resource, seen.Resource = quantised(expected.Resource), quantised(seen.Resource)
			}
			if diff := gocmp.Diff(expected, seen, sent); diff != "" {
				if differences++; differences <= 3 {
					t.Errorf("trace %d, span %d (-generated +forwarded):\n%s", trace, id, diff)
				}
			}
		}
	}
	if tags == 0 || links == 0 || events == 0 || (structs > 0) != api.TakesExtras() {
		t.Error("nothing of a kind was compared")
	}
	t.Logf("compared %d traces: %d tags, %d links, %d events, %d documents, %d differences", len(want), tags, links, events, structs, differences)
}

// quantised is a statement as agents leave it: lists of values are one, and
// blanks are neither here nor there.
func quantised(sql string) string {
	return strings.ReplaceAll(regexp.MustCompile(`\?(\s*,\s*\?)+`).ReplaceAllString(sql, "?"), " ", "")
}

// moved says that the agent keeps a tag elsewhere than on the span, or consumes it.
func moved(key string) bool {
	switch key {
	case "_dd.origin", "_dd.hostname":
		return true
	}
	return false
}
