package fault

// Kinds of faults of spans.
const (
	TraceIDZero      = "trace-id-zero"
	SpanIDZero       = "span-id-zero"
	DuplicateSpanIDs = "duplicate-span-ids"
	ForeignTraceID   = "foreign-trace-id"
	SelfParent       = "self-parent"
	MissingRoot      = "missing-root"
	ParentCycle      = "parent-cycle"
	EmptyService     = "empty-service"
	LongService      = "long-service"
	EmptyName        = "empty-name"
	LongName         = "long-name"
	EmptyResource    = "empty-resource"
	LongResource     = "long-resource"
	LongType         = "long-type"
	OddCharacters    = "odd-characters"
	InvalidUTF8      = "invalid-utf8"
	StartZero        = "start-zero"
	Start1999        = "start-1999"
	StartFuture      = "start-future"
	NegativeDuration = "negative-duration"
	MaximalDuration  = "maximal-duration"
	WrongTypes       = "wrong-types"
	HugeMeta         = "huge-meta"
	HugeTag          = "huge-tag"
	DeepTree         = "deep-tree"
	WideTree         = "wide-tree"
	NilTrace         = "nil-trace"
	EmptyTrace       = "empty-trace"
)

// Where the expectations are from: files of datadog-agent v0.85.1, and what was measured with it.
const (
	sourceNormalize = "pkg/trace/agent/normalizer.go, normalizeV1"
	sourceChunk     = "pkg/trace/agent/normalizer.go, normalizeTraceChunkV1"
	sourceTruncate  = "pkg/trace/agent/truncator.go"
	sourceVersions  = "v0.85.1 keeps one trace id for a chunk and does not look at its value; v0.60.0 drops the trace"
	sourceParent    = "pkg/trace/agent/normalizer.go: v0.85.1 makes a root of a span that is its own parent; v0.60.0 only where its id is the trace's, too"
	sourceAsItIs    = "no check; measured with v0.85.1"
)

// v1 is the API in which a chunk has one trace id and durations have no sign.
const v1 = "v1.0"

// spanKinds are the faults of a trace's spans. Its other spans are as they were.
func spanKinds() []Kind {
	span := func(name, doc, source string, expect ...Outcome) Kind {
		return Kind{Name: name, Level: Span, Doc: doc, Expect: expect, Source: source}
	}
	not := func(k Kind, apis ...string) Kind {
		k.Not = apis
		return k
	}
	counted := func(k Kind, reason string) Kind {
		k.Reason = reason
		return k
	}
	wrong := not(span(WrongTypes, "a number where a text belongs and a text where a number does; the whole request is refused, and what else is in it", sourceDecode, Refused), "v0.5", v1)
	wrong.Codes = []int{400}
	none := counted(span(NilTrace, "nil in place of the trace; msgpack but for v0.7: the whole request is refused, and what else is in it", sourceDecode+"; else "+sourceChunk, Refused, Dropped), "empty_trace")
	none.Codes = []int{400}
	return []Kind{
		span(TraceIDZero, "trace_id 0", sourceVersions, Accepted, Altered, Dropped),
		span(SpanIDZero, "span_id 0 of one span, the last", sourceNormalize, Dropped),
		span(DuplicateSpanIDs, "the last span has the span_id of the first", sourceParent+", as the last does whose parent is the first", Accepted, Altered),
		counted(not(span(ForeignTraceID, "the last span has another trace_id than the rest", sourceVersions, Accepted, Altered, Dropped), v1), "foreign_span"),
		span(SelfParent, "the last span is its own parent", sourceParent, Altered, Accepted),
		span(MissingRoot, "the parent of the root is an id that nobody has", sourceAsItIs, Accepted),
		span(ParentCycle, "root and last span are each other's parents", sourceAsItIs, Accepted),
		span(EmptyService, "service \"\" of the last span", sourceNormalize, Altered),
		span(LongService, "the last span has a service of 300 bytes; agents cut at 100", sourceNormalize, Altered),
		span(EmptyName, "name \"\" of the last span", sourceNormalize, Altered),
		span(LongName, "the last span has a name of 300 bytes; agents cut at 100", sourceNormalize, Altered),
		span(EmptyResource, "resource \"\" of the last span", sourceNormalize, Altered),
		span(LongResource, "the last span has a resource of 10,000 bytes; agents cut at 5,000", sourceTruncate, Altered),
		span(LongType, "the last span has a type of 300 bytes; agents cut at 100", sourceNormalize, Altered),
		span(OddCharacters, "characters in the last span's service and name that agents rewrite", sourceNormalize, Altered),
		span(InvalidUTF8, "bytes in the last span's service, name and a tag that are no UTF-8", "pkg/proto/pbgo/trace/decoder_bytes.go, repairUTF8", Altered),
		span(StartZero, "start 0, of every span", sourceNormalize, Altered),
		span(Start1999, "every span starts in 1999; what is before 2000 becomes now", sourceNormalize, Altered),
		span(StartFuture, "every span starts in 2100", sourceAsItIs, Accepted),
		not(span(NegativeDuration, "duration -1 s of the last span", sourceNormalize, Altered), v1),
		span(MaximalDuration, "duration 2^63-1 of the last span: start and duration overflow", sourceNormalize, Altered),
		wrong,
		span(HugeMeta, "5,000 tags on the last span", sourceAsItIs, Accepted),
		span(HugeTag, "the last span has a tag of 1 MB; agents cut at 25,000 bytes", sourceTruncate, Altered),
		span(DeepTree, "a tree of 10,000 levels", sourceAsItIs, Accepted),
		span(WideTree, "a root with 50,000 children", sourceAsItIs, Accepted),
		none,
		span(EmptyTrace, "a trace of no spans", sourceChunk, Dropped),
	}
}
