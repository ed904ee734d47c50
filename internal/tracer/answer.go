package tracer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

const (
	// answerKept is how much of an answer is looked at, answerMost how much is read.
	answerKept = 4 << 10
	answerMost = 1 << 20
)

// Answer is what a 2xx has to hold to be an answer of the trace API.
type Answer uint8

// The answers.
const (
	AnswerAny    Answer = iota // nothing is expected
	AnswerOK                   // `OK`, as v0.3 answers
	AnswerObject               // a JSON object, as v0.4 and later answer
)

// answer is what was read of a response body.
type answer struct {
	head []byte // its first bytes, at most answerKept; valid until the call is used again
	n    int64
	last byte // the last byte that is no white space
}

// errEndless is an answer that no agent gives; its last byte cannot be waited for.
var errEndless = errors.New("the answer goes on past 1 MB")

// readAnswer reads a body to its end.
func readAnswer(body io.Reader, buf *[2 * answerKept]byte) (answer, error) {
	var a answer
	kept := 0
	for a.n < answerMost {
		room := buf[answerKept:]
		if kept < answerKept {
			room = buf[kept:answerKept]
		}
		n, err := body.Read(room)
		if tail := bytes.TrimRight(room[:n], " \t\r\n"); len(tail) > 0 {
			a.last = tail[len(tail)-1]
		}
		if kept < answerKept {
			kept += n
		}
		a.n += int64(n)
		a.head = buf[:kept]
		if err == io.EOF {
			return a, nil
		}
		if err != nil {
			return a, err
		}
	}
	return a, errEndless
}

// expected says whether a 2xx holds what the API answers.
func (s *Sender) expected(a *answer) bool {
	switch s.route.Answer {
	case AnswerOK:
		return a.n == int64(len(a.head)) && string(bytes.TrimSpace(a.head)) == "OK"
	case AnswerObject:
		if good := s.lastGood.Load(); good != nil && a.n == int64(len(*good)) && bytes.Equal(*good, a.head) {
			return true
		}
		head := bytes.TrimSpace(a.head)
		if len(head) == 0 || head[0] != '{' || a.last != '}' {
			return false
		}
		if a.n > int64(len(a.head)) {
			return true // too long to be kept, with the ends of an object
		}
		var object struct {
			Rates map[string]float64 `json:"rate_by_service"`
		}
		if err := json.Unmarshal(head, &object); err != nil {
			if !json.Valid(head) {
				return false
			}
		} else if len(object.Rates) > 0 {
			s.client.rates.Store(&object.Rates)
		}
		good := bytes.Clone(a.head)
		s.lastGood.Store(&good)
		return true
	default:
		return true
	}
}
