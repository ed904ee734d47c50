package fault

// Kinds of faults of framing: the body is well formed, the request is not.
const (
	NoCountHeader      = "no-count-header"
	LyingCountHeader   = "lying-count-header"
	NoContentType      = "no-content-type"
	Chunked            = "chunked"
	SlowBody           = "slow-body"
	ClosedMidBody      = "closed-mid-body"
	EarlyAnswerIgnored = "early-answer-ignored"
	Pipelined          = "pipelined"
	HeaderFlood        = "header-flood"
)

const sourceCount = "pkg/trace/api/api.go, traceCount: only what is dropped is counted by the header"

func framingKinds() []Kind {
	return []Kind{
		{Name: NoCountHeader, Level: Framing, Doc: "no X-Datadog-Trace-Count",
			Expect: []Outcome{Accepted}, Source: sourceCount},
		{Name: LyingCountHeader, Level: Framing, Doc: "X-Datadog-Trace-Count says 1,000,000",
			Expect: []Outcome{Accepted}, Source: sourceCount},
		{Name: NoContentType, Level: Framing, Doc: "no Content-Type",
			Expect: []Outcome{Refused, Accepted}, Codes: []int{400},
			Source: "pkg/trace/api/api.go, getMediaType: none is JSON; v0.5 and later do not look at it"},
		{Name: Chunked, Level: Framing, Doc: "Transfer-Encoding: chunked, and no Content-Length",
			Expect: []Outcome{Accepted}, Source: "pkg/trace/api/api.go, reserveBodySize: a body without a length is read to its end"},
		{Name: SlowBody, Level: Framing, Doc: "the body trickles in over three quarters of the request's timeout",
			Expect: []Outcome{Refused, Accepted}, Codes: []int{408},
			Source: "pkg/trace/api/api.go: the receiver's ReadTimeout is 5 s; what comes sooner is accepted. " +
				"Meanwhile the body holds one of GOMAXPROCS/2 decoders, and where none is left others are answered 429"},
		{Name: ClosedMidBody, Level: Framing, Doc: "the connection is closed in the middle of the body",
			Expect: []Outcome{Unanswered}, Source: "nobody is left to be answered"},
		{Name: EarlyAnswerIgnored, Level: Framing, Doc: "a body of 50 MiB is written on though it was answered, and the answer read last",
			Expect: []Outcome{Refused, Unanswered}, Codes: []int{413},
			Source: sourceLimit + "; net/http then closes the connection, and the answer may be lost with it"},
		{Name: Pipelined, Level: Framing, Doc: "the request follows a GET /info on its connection, in the same write",
			Expect: []Outcome{Accepted}, Source: "RFC 9112, 9.3.2: servers answer pipelined requests in order"},
		{Name: HeaderFlood, Level: Framing, Doc: "a thousand headers of 2 KB each",
			Expect: []Outcome{Refused}, Codes: []int{431}, Source: "net/http: DefaultMaxHeaderBytes is 1 MiB"},
	}
}
