//go:build realagent

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/scenarios"
)

// datadog is the real trace agent; `make agents` builds it.
const datadog = "../../agents/datadog/v0.85.1.yaml"

// TestRealDatadogAcceptsEverything is the main job against the real agent: every
// trace of a 20 s run comes out, whatever the encoding.
func TestRealDatadogAcceptsEverything(t *testing.T) {
	for _, api := range scenarios.APIs() {
		for _, encoding := range encodingsOf(api) {
			t.Run(string(api)+" "+string(encoding), func(t *testing.T) {
				sets := []string{"api=" + string(api), "encoding=" + string(encoding)}
				if encoding == scenarios.JSON { // decoding JSON costs this agent several times as much
					sets = append(sets, "load.ramp.rate=50/s", "load.hold.rate=50/s")
				}
				if !api.TakesJSON() { // the newer ones, for a shorter time
					sets = append(sets, "load.hold.for=4s")
				}
				rec, _ := job{scenario: "web-shop", sets: sets, target: datadog}.do(t)
				allAccepted(t, rec)
				if rec.Requests.UnexpectedBody != 0 {
					t.Errorf("%d unexpected bodies", rec.Requests.UnexpectedBody)
				}
			})
		}
	}
}

func encodingsOf(api scenarios.API) []scenarios.Encoding {
	if api.TakesJSON() {
		return []scenarios.Encoding{scenarios.Msgpack, scenarios.JSON}
	}
	return []scenarios.Encoding{scenarios.Msgpack}
}

// TestRealDatadogForwardsWhatWasGenerated goes the other way: what the intake
// decodes in full equals the trees that were generated, field by field.
func TestRealDatadogForwardsWhatWasGenerated(t *testing.T) {
	const requests = 5
	for _, sets := range [][]string{{}, {"encoding=json"}, {"api=v0.3"}, {"api=v0.5"}, {"api=v0.7"}, {"api=v1.0"}} {
		t.Run(strings.Join(sets, " "), func(t *testing.T) {
			s, err := scenarios.Load("web-shop", sets)
			if err != nil {
				t.Fatal(err)
			}
			for _, service := range s.Services {
				for _, op := range service.Operations {
					op.Links = 0.3
					op.Events = &scenarios.Events{Count: scenarios.Dist{Kind: scenarios.UniformInt, B: 2}, Exception: true}
					op.MetaStruct = map[string]scenarios.Size{"appsec": 500}
				}
			}
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
			spec, err := target.Parse(datadog)
			if err != nil {
				t.Fatal(err)
			}
			agent, err := spec.Start(t.Context(), target.Env{Intake: "http://" + backend.Addrs().Listen, Scratch: t.TempDir()})
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
			compare(t, want, forwarded(t, backend.Samples()))
			compareExtras(t, s.API, want, forwardedExtras(t, backend.Samples()))
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
	for _, sample := range samples {
		if !strings.HasSuffix(sample.Path, "/traces") {
			continue
		}
		payload, err := sample.Decode()
		if err != nil {
			t.Fatal(err)
		}
		for _, tracer := range payload.TracerPayloads {
			for _, chunk := range tracer.Chunks {
				for _, s := range chunk.Spans {
					add(span{
						Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
						TraceID: s.TraceID, SpanID: s.SpanID, ParentID: s.ParentID,
						Start: s.Start, Duration: s.Duration, Error: s.Error != 0, Meta: s.Meta, Metrics: s.Metrics,
					})
				}
			}
		}
		for _, tracer := range payload.IdxTracerPayloads {
			addIndexed(tracer, add)
		}
	}
	return out
}

func addIndexed(tracer *idx.TracerPayload, add func(span)) {
	text := func(ref uint32) string { return tracer.Strings[ref] }
	for _, chunk := range tracer.Chunks {
		for _, s := range chunk.Spans {
			one := span{
				Service: text(s.ServiceRef), Name: text(s.NameRef), Resource: text(s.ResourceRef), Type: text(s.TypeRef),
				TraceID: binary.BigEndian.Uint64(chunk.TraceID[8:]), SpanID: s.SpanID, ParentID: s.ParentID,
				Start: int64(s.Start), Duration: int64(s.Duration), Error: s.Error,
				Meta: map[string]string{}, Metrics: map[string]float64{},
			}
			for ref, value := range s.Attributes {
				switch v := value.Value.(type) {
				case *idx.AnyValue_StringValueRef:
					one.Meta[text(ref)] = text(v.StringValueRef)
				case *idx.AnyValue_DoubleValue:
					one.Metrics[text(ref)] = v.DoubleValue
				}
			}
			// These have fields of their own in this form.
			for key, ref := range map[string]uint32{"env": s.EnvRef, "version": s.VersionRef, "component": s.ComponentRef} {
				if text(ref) != "" {
					one.Meta[key] = text(ref)
				}
			}
			if s.ParentID == 0 { // and these are the chunk's
				one.Meta["_dd.p.tid"] = fmt.Sprintf("%016x", binary.BigEndian.Uint64(chunk.TraceID))
				one.Meta["_dd.p.dm"] = fmt.Sprintf("-%d", chunk.SamplingMechanism)
				one.Metrics["_sampling_priority_v1"] = float64(chunk.Priority)
			}
			one.Meta["span.kind"] = strings.ToLower(strings.TrimPrefix(s.Kind.String(), "SPAN_KIND_"))
			add(one)
		}
	}
}

// compare holds what came out against what was generated, normalisation aside:
// the agent adds tags of its own and moves some (priority, decision maker, the
// trace id's upper half) from the spans to their chunk or payload.
func compare(t *testing.T, want map[uint64]map[uint64]generator.Span, got map[uint64]map[uint64]span) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d traces came out of %d", len(got), len(want))
	}
	tags, differences := 0, 0
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
			if diff := gocmp.Diff(expected, seen); diff != "" {
				if differences++; differences <= 3 {
					t.Errorf("trace %d, span %d (-generated +forwarded):\n%s", trace, id, diff)
				}
			}
		}
	}
	if tags == 0 {
		t.Error("not one tag was compared")
	}
	t.Logf("compared %d traces, %d tags, %d differences", len(want), tags, differences)
}

// moved says that the agent keeps a tag elsewhere than on the span, or consumes it.
func moved(key string) bool {
	switch key {
	case "_dd.origin", "_dd.hostname":
		return true
	}
	return false
}
