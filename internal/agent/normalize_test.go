package agent

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
)

func goodSpan() *pb.Span {
	return &pb.Span{
		Service: "web", Name: "http.request", Resource: "GET /", Type: "web", TraceID: 1, SpanID: 2, ParentID: 3,
		Start: 1_700_000_000_000_000_000, Duration: 5, Meta: map[string]string{}, Metrics: map[string]float64{},
	}
}

func TestNormalizeRepairs(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	long := strings.Repeat("x", 30_000)
	tests := map[string]struct {
		spoil, mend func(*pb.Span)
		why         reason // −1: nothing is counted
	}{
		"nothing":          {func(*pb.Span) {}, func(*pb.Span) {}, -1},
		"empty service":    {func(s *pb.Span) { s.Service = "" }, func(s *pb.Span) { s.Service = "unnamed-go-service" }, serviceEmpty},
		"long service":     {func(s *pb.Span) { s.Service = long }, func(s *pb.Span) { s.Service = long[:100] }, serviceTruncate},
		"empty name":       {func(s *pb.Span) { s.Name = "" }, func(s *pb.Span) { s.Name = "unnamed_operation" }, spanNameEmpty},
		"long name":        {func(s *pb.Span) { s.Name = long }, func(s *pb.Span) { s.Name = long[:100] }, spanNameTruncate},
		"empty resource":   {func(s *pb.Span) { s.Resource = "" }, func(s *pb.Span) { s.Resource = "http.request" }, resourceEmpty},
		"long resource":    {func(s *pb.Span) { s.Resource = long }, func(s *pb.Span) { s.Resource = long[:5000] }, -1},
		"long type":        {func(s *pb.Span) { s.Type = long }, func(s *pb.Span) { s.Type = long[:100] }, typeTruncate},
		"its own parent":   {func(s *pb.Span) { s.SpanID, s.ParentID = 1, 1 }, func(s *pb.Span) { s.SpanID, s.ParentID = 1, 0 }, -1},
		"trace id zero":    {func(s *pb.Span) { s.TraceID = 0 }, func(s *pb.Span) { s.TraceID = 0 }, -1},
		"negative length":  {func(s *pb.Span) { s.Duration = -1 }, func(s *pb.Span) { s.Duration = 0 }, invalidDuration},
		"endless":          {func(s *pb.Span) { s.Duration = 1<<63 - 1 }, func(s *pb.Span) { s.Duration = 0 }, invalidDuration},
		"before 2000":      {func(s *pb.Span) { s.Start = 1 }, func(s *pb.Span) { s.Start = now.UnixNano() - 5 }, invalidStartDate},
		"no such status":   {func(s *pb.Span) { s.Meta["http.status_code"] = "99" }, func(*pb.Span) {}, invalidHTTPStatusCode},
		"a status":         {func(s *pb.Span) { s.Meta["http.status_code"] = "503" }, func(s *pb.Span) { s.Meta["http.status_code"] = "503" }, -1},
		"long tag":         {func(s *pb.Span) { s.Meta["k"] = long }, func(s *pb.Span) { s.Meta["k"] = long[:25_000] + "..." }, -1},
		"long key":         {func(s *pb.Span) { s.Meta[long] = "v" }, func(s *pb.Span) { s.Meta[long[:200]+"..."] = "v" }, -1},
		"long metric":      {func(s *pb.Span) { s.Metrics[long] = 1 }, func(s *pb.Span) { s.Metrics[long[:200]+"..."] = 1 }, -1},
		"between two runs": {func(s *pb.Span) { s.Name = strings.Repeat("ä", 51) + "x" }, func(s *pb.Span) { s.Name = strings.Repeat("ä", 50) }, spanNameTruncate},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, want := goodSpan(), goodSpan()
			test.spoil(got)
			test.mend(want)
			var c counters
			if _, fine := normalize(&pb.TraceChunk{Spans: []*pb.Span{got}}, "go", now, &c); !fine {
				t.Fatal("dropped")
			}
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Error(diff)
			}
			for why := range repairReasons {
				if n, counted := c.spansMalformed[why].Load(), why == test.why; (n == 1) != counted {
					t.Errorf("%s counted %d times", repairNames()[why], n)
				}
			}
		})
	}
}

func TestNormalizeDrops(t *testing.T) {
	zero := goodSpan()
	zero.SpanID = 0
	tests := map[string]struct {
		trace pb.Trace
		why   reason
	}{
		"no spans":      {pb.Trace{}, emptyTrace},
		"only null":     {pb.Trace{nil, nil}, emptyTrace},
		"a zero among":  {pb.Trace{goodSpan(), zero}, spanIDZero},
		"null and zero": {pb.Trace{nil, zero}, spanIDZero},
	}
	for name, test := range tests {
		var c counters
		if why, fine := normalize(&pb.TraceChunk{Spans: test.trace}, "", time.Now(), &c); fine || why != test.why {
			t.Errorf("%s: %v, %s", name, fine, dropNames()[why])
		}
	}
	if why, fine := normalize(nil, "", time.Now(), new(counters)); fine || why != emptyTrace {
		t.Errorf("a null chunk: %v, %s", fine, dropNames()[why])
	}
	c := &pb.TraceChunk{Spans: []*pb.Span{nil, goodSpan(), nil, goodSpan()}}
	if _, fine := normalize(c, "", time.Now(), new(counters)); !fine || len(c.Spans) != 2 {
		t.Errorf("%d spans beside null", len(c.Spans))
	}
}

func TestCutKeepsCharactersWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, n := rapid.String().Draw(t, "s"), rapid.IntRange(0, 40).Draw(t, "n")
		got := cut(s, n)
		if len(got) > n || !strings.HasPrefix(s, got) || utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Fatalf("%q at %d: %q", s, n, got)
		}
		if len(s) > n && len(got)+utf8.UTFMax <= n {
			t.Fatalf("%q at %d: %q is shorter than it must be", s, n, got)
		}
	})
}

func TestPriorityIsTheChunksOrTheRootsOrElseAnyones(t *testing.T) {
	with := func(parent uint64, priority string) *pb.Span {
		s := goodSpan()
		s.ParentID = parent
		s.Meta["_dd.origin"] = fmt.Sprint("of ", parent)
		if p, err := strconv.ParseFloat(priority, 64); err == nil {
			s.Metrics[decode.PriorityKey] = p
		}
		return s
	}
	tests := []struct {
		chunk  int32
		trace  pb.Trace
		want   int32
		origin string
	}{
		{decode.PriorityNone, pb.Trace{with(0, "1")}, 1, "of 0"},
		{decode.PriorityNone, pb.Trace{with(9, "2"), with(0, "-1")}, -1, "of 0"},
		{decode.PriorityNone, pb.Trace{with(9, ""), with(0, ""), with(9, "2")}, 2, "of 0"},
		{decode.PriorityNone, pb.Trace{with(9, "")}, decode.PriorityNone, "of 9"},
		{2, pb.Trace{with(0, "-1")}, 2, "of 0"},
		{0, pb.Trace{with(0, "1")}, 0, "of 0"},
	}
	for i, test := range tests {
		c := &pb.TraceChunk{Priority: test.chunk, Spans: test.trace}
		if normalize(c, "", time.Now(), new(counters)); c.Priority != test.want || c.Origin != test.origin {
			t.Errorf("%d: %d, %q", i, c.Priority, c.Origin)
		}
	}
	c := &pb.TraceChunk{Origin: "rum", Spans: []*pb.Span{with(0, "")}}
	if normalize(c, "", time.Now(), new(counters)); c.Origin != "rum" {
		t.Errorf("the chunk's origin has become %q", c.Origin)
	}
}
