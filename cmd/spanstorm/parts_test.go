package main

import (
	"bytes"
	"testing"

	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/results"
)

// longTraces sends traces in parts of 20 spans, a phase at a steady rate of requests.
func longTraces(target string, sets ...string) job {
	return job{scenario: "long-traces", target: target, sets: append([]string{
		"expect=[]", "shapes.batch.partial_flush=20", "services.orders.operations.batch.calls.1.repeat={p50: 10, p99: 100, max: 150}",
		"clients={count: 3}", "traces_per_request=1..3", "load=[{name: hold, rate: 30/s, for: 3s}]",
	}, sets...)}
}

// inParts counts the chunks of a run, and those of them that go on with a trace.
func inParts(t *testing.T, rec *results.Record) (chunks, later uint64) {
	t.Helper()
	replay, err := run.NewReplay(rec)
	if err != nil {
		t.Fatal(err)
	}
	for seq := range rec.Requests.Planned {
		for _, c := range replay.Corpus.Chunks(nil, seq) {
			if first, _ := replay.Corpus.First(c.Ordinal, int(c.Spans)); first != c.Ordinal {
				later++
			}
			chunks++
		}
	}
	return chunks, later
}

// TestPartialFlush sends long traces in parts through the embedded agent: every
// chunk comes out, and none is taken for something else.
func TestPartialFlush(t *testing.T) {
	t.Parallel()
	for name, sets := range map[string][]string{
		"rate":  nil,
		"v1.0":  {"api=v1.0"},
		"fleet": {"clients={count: 6, flush_interval: 250ms}", "traces_per_request=1", "load=[{name: hold, rate: 60 traces/s, for: 3s}]"},
		"loop":  {"load=[{name: hold, rate: max, connections: 2, for: 1s}]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec, _ := longTraces("embedded", sets...).beside().do(t)
			allCame(t, rec)
			chunks, later := inParts(t, rec)
			if chunks != rec.Ledger.Sent.Traces || later < chunks/4 || later == chunks {
				t.Errorf("%d chunks planned, %d of them later parts; %d sent", chunks, later, rec.Ledger.Sent.Traces)
			}
		})
	}
}

// TestPartialFlushAgain has the very bodies again from the record, and finds the
// request of each part by the ids of its spans.
func TestPartialFlushAgain(t *testing.T) {
	t.Parallel()
	for name, load := range map[string]string{
		"rate": "load=[{name: warm, rate: 50/s, for: 1s}, {name: hold, rate: 60/s, for: 2s}]",
		"loop": "load=[{name: hold, rate: max, connections: 2, for: 2500ms}]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			intake := freePort(t)
			captured := embeddedBehind(t, intake, "--latency", "20ms")
			j := longTraces(captured.listen(t), load)
			j.intake = intake
			rec, _ := j.beside().do(t)
			allCame(t, rec)
			replay, err := run.NewReplay(rec)
			if err != nil {
				t.Fatal(err)
			}
			bodies := captured.bySeq(t, replay)
			if uint64(len(bodies)) != rec.Requests.Sent {
				t.Errorf("captured %d bodies of %d", len(bodies), rec.Requests.Sent)
			}
			for seq, body := range bodies {
				again, err := replay.Body(seq)
				if err != nil || !bytes.Equal(again, body) {
					t.Fatalf("request %d cannot be had again: %v", seq, err)
				}
				for i, trace := range decode(t, body) {
					at, _, chunk, err := replay.Find(trace[len(trace)-1].SpanID)
					if err != nil || at != seq || chunk != i {
						t.Fatalf("chunk %d of request %d is found as %d of %d: %v", i, seq, chunk, at, err)
					}
				}
			}
		})
	}
}

// TestPartialFlushLosses balances the books when parts of traces are lost.
func TestPartialFlushLosses(t *testing.T) {
	t.Parallel()
	rec, _ := longTraces("embedded:drop=10%").beside().do(t)
	l := rec.Ledger
	if l.Delivered != l.Sent || l.Foreign.Traces+l.Foreign.Spans != 0 || l.Duplicated.Traces != 0 || l.Partial.Traces != 0 {
		t.Errorf("%+v, foreign %+v", l.Account, l.Foreign)
	}
	if l.Missing.Traces == 0 || l.Accepted.Traces+l.Missing.Traces != l.Sent.Traces || l.Accepted.Spans+l.Missing.Spans != l.Sent.Spans {
		t.Errorf("%+v", l.Account)
	}
	replay, err := run.NewReplay(rec)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range l.Examples.Missing {
		tree, err := replay.Corpus.Tree(replay.Corpus.Layout().Seq(e.Ordinal))
		if err != nil || len(e.TraceID) == 0 {
			t.Fatalf("%+v: %v", e, err)
		}
		if seq, _ := replay.Corpus.Layout().Seq(e.Ordinal); seq != e.Seq || tree.Shape != e.Shape {
			t.Errorf("%+v is in request %d", e, seq)
		}
	}
}
