package run

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/results"
)

// firstAnswer is an answer for the record.
func firstAnswer(seen tracer.Seen) *results.FirstAnswer {
	a := &results.FirstAnswer{
		Code: seen.Code, ContentType: seen.Header.Get("Content-Type"), Headers: map[string]string{}, Body: answerText(seen.Body),
	}
	for name, values := range seen.Header {
		switch name {
		case "Date", "Content-Length", "Connection": // they say nothing of the target
		default:
			a.Headers[name] = strings.ToValidUTF8(strings.Join(values, ", "), "\uFFFD")
		}
	}
	a.ContentType = strings.ToValidUTF8(a.ContentType, "\uFFFD")
	return a
}

// answerText is the begin of a body as text. A character that the cut goes through is
// left out.
func answerText(body []byte) string {
	if len(body) > results.AnswerBytesMax {
		body = body[:results.AnswerBytesMax]
		begin := len(body) - 1 // of the last character
		for begin > len(body)-utf8.UTFMax && !utf8.RuneStart(body[begin]) {
			begin--
		}
		if !utf8.FullRune(body[begin:]) {
			body = body[:begin]
		}
	}
	if utf8.Valid(body) {
		return string(body)
	}
	return strconv.Quote(string(body))
}
