package fault

// Kinds of faults of a body.
const (
	Truncated       = "truncated"
	TrailingGarbage = "trailing-garbage"
	WrongEncoding   = "wrong-encoding"
	WrongVersion    = "wrong-version"
	EmptyBody       = "empty-body"
	OverLimit       = "over-limit"
	FarOverLimit    = "far-over-limit"
	LyingLength     = "lying-length"
	DeepNesting     = "deep-nesting"
	RandomBytes     = "random-bytes"
	RawBody         = "raw-body"
)

// Where the expectations are from: files of datadog-agent v0.85.1.
const (
	sourceDecode  = "pkg/trace/api/api.go, decodeConvertedTracerPayload: a body that cannot be decoded is answered 400"
	sourceLimit   = "pkg/trace/api/apiutil/limited_reader.go and api.go, reserveBodySize: above max_request_bytes, 25 MiB, 413"
	sourceType    = "pkg/trace/api/api.go: v0.3 and v0.4 decode by Content-Type, later versions do not look at it"
	sourceLengths = "pkg/proto/pbgo/trace/idx, safeReadHeaderBytes: lengths above 25 million are refused; room for others, up to 200 MB, is made before their bytes are missed; v0.5 does not look at its outermost length"
)

// bodyKinds are the faults of a body. Where it is replaced altogether, the
// payload's traces are still what is counted: they were to be in it.
func bodyKinds() []Kind {
	return []Kind{
		{Name: Truncated, Level: Body, Doc: "the body ends early, at any byte; its Content-Length agrees",
			Expect: []Outcome{Refused}, Codes: []int{400}, Source: sourceDecode},
		{Name: TrailingGarbage, Level: Body, Doc: "1 to 64 random bytes follow the payload",
			Expect: []Outcome{Accepted}, Source: "pkg/trace/api/api.go: decoders read one value and leave the rest"},
		{Name: WrongEncoding, Level: Body, Doc: "msgpack sent as application/json, JSON as application/msgpack",
			Expect: []Outcome{Refused, Accepted}, Codes: []int{400}, Source: sourceType},
		{Name: WrongVersion, Level: Body, Doc: "the payload of one API version sent to the path of another",
			Expect: []Outcome{Refused}, Codes: []int{400}, Source: sourceDecode},
		{Name: EmptyBody, Level: Body, Doc: "a body of no bytes",
			Expect: []Outcome{Refused}, Codes: []int{400}, Source: sourceDecode},
		{Name: OverLimit, Level: Body, Doc: "the payload, well formed, padded to one byte over 25 MiB",
			Expect: []Outcome{Refused}, Codes: []int{413}, Source: sourceLimit},
		{Name: FarOverLimit, Level: Body, Doc: "the payload, well formed, padded to 50 MiB",
			Expect: []Outcome{Refused}, Codes: []int{413}, Source: sourceLimit},
		{Name: LyingLength, Level: Body, Doc: "the length of an array, map or text promises millions that are not there; in JSON, an array is left open",
			Expect: []Outcome{Refused, Accepted}, Codes: []int{400}, Source: sourceLengths},
		{Name: DeepNesting, Level: Body, Doc: "arrays nested 20,000 deep, in a field that nobody knows",
			Expect: []Outcome{Refused, Nothing}, Codes: []int{400},
			Source: "pkg/trace/api/api.go: JSON nested deeper than 10,000 is an error of encoding/json; msgpack skips unknown fields"},
		{Name: RandomBytes, Level: Body, Doc: "random bytes in place of the payload, as many",
			Expect: []Outcome{Refused, Nothing}, Codes: []int{400}, Source: sourceDecode + "; some bytes happen to be a payload of no traces"},
		{Name: RawBody, Level: Body, Doc: "the bytes given as hex, base64 or file, as they are",
			Expect: []Outcome{Refused, Nothing}, Codes: []int{400}, Source: "it depends on the bytes: " + sourceDecode,
			Takes: []string{"hex", "base64", "file"}},
	}
}
