package main

import (
	"testing"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/limits"
	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/results"
)

// TestRequestFaults runs a load of which a fifth is malformed: each request gets
// the answer of its fault, the others are accepted, and the record gives back
// the bytes.
func TestRequestFaults(t *testing.T) {
	t.Parallel()
	figures(t)
	codes := map[string]int{ // of the embedded agent
		fault.Truncated: 400, fault.EmptyBody: 400, fault.WrongEncoding: 400, fault.OverLimit: 413,
		fault.TrailingGarbage: 200, fault.Chunked: 200, fault.Pipelined: 200, fault.ClosedMidBody: 0,
	}
	j := steady("[{rate: 200/s, for: 4s}]")
	faults := "faults=["
	for kind := range codes {
		faults += "{kind: " + kind + ", share: 2.5%},"
	}
	j.sets, j.target = append(j.sets, faults+"]"), "embedded"
	rec, _ := j.beside().do(t)

	replay, err := run.NewReplay(rec)
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		refused, unanswered, delivered results.Count
		byCode                         map[int]uint64
	}
	want.byCode = map[int]uint64{}
	met := map[string]int{}
	for seq := range rec.Requests.Sent {
		kind, code := "", 200
		if i := replay.Corpus.RequestFault(seq); i >= 0 {
			kind = replay.Scenario.Faults[i].Kind
			code = codes[kind]
			met[kind]++
		}
		if want.byCode[code]++; kind == fault.OverLimit {
			body, err := replay.Body(seq)
			if err != nil || len(body) != limits.PayloadBytes+1 {
				t.Errorf("request %d can be had again with %d bytes: %v", seq, len(body), err)
			}
		}
		for _, c := range replay.Corpus.Chunks(nil, seq) {
			one := results.Count{Traces: 1, Spans: uint64(c.Spans)}
			switch code {
			case 0:
				want.unanswered = want.unanswered.Plus(one)
			case 200:
				want.delivered = want.delivered.Plus(one)
			default:
				want.refused = want.refused.Plus(one)
			}
		}
	}
	if len(met) != len(codes) {
		t.Errorf("only %v were met", met)
	}
	q, l := rec.Requests, rec.Ledger
	if q.ByCode["200"] != want.byCode[200] || q.ByCode["400"] != want.byCode[400] || q.ByCode["413"] != want.byCode[413] ||
		q.Errors.EOF != want.byCode[0] || q.UnexpectedBody != 0 {
		t.Errorf("answers %v, errors %+v, want %v", q.ByCode, q.Errors, want.byCode)
	}
	if l.Delivered != want.delivered || l.Refused != want.refused || l.Unanswered != want.unanswered {
		t.Errorf("ledger %+v, want %+v", l.Account, want)
	}
	if l.Accepted != l.Delivered || l.AcceptedThoughRefused.Traces+l.AcceptedThoughUnanswered.Traces != 0 {
		t.Errorf("accepted %+v, though refused %+v, though unanswered %+v", l.Account, l.AcceptedThoughRefused, l.AcceptedThoughUnanswered)
	}
}
