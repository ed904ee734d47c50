package results

// AnswerBytesMax is how much of an answer's body a record keeps.
const AnswerBytesMax = 1000

// FirstAnswer is how a target answered a trace.
type FirstAnswer struct {
	Code        int    `json:"code"`
	ContentType string `json:"content_type"`
	// Headers are all but Date, Content-Length and Connection, by their canonical
	// names; several values of one are joined by ", ".
	Headers map[string]string `json:"headers"`
	// Body is its text, up to AnswerBytesMax; quoted as Go quotes strings where it is
	// not valid UTF-8.
	Body string `json:"body"`
}
