package attack

import (
	"slices"
	"strconv"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/spanstorm/spanstorm/results"
)

// examplesMost bounds the texts of errors kept per class, textMost each of them.
const (
	examplesMost = 3
	textMost     = 300
)

// Tally counts what became of requests and keeps their three times. It belongs
// to one goroutine.
type Tally struct {
	sent, answered, delivered, unexpected, clamped, retried uint64

	byCode                  map[int]uint64
	errors                  results.Errors
	examples                map[string][]string
	send, service, response gauge
}

// NewTally returns an empty tally.
func NewTally() *Tally {
	return &Tally{
		byCode: map[int]uint64{}, examples: map[string][]string{},
		send: newGauge(), service: newGauge(), response: newGauge(),
	}
}

// Record counts one request; closed says that it had no due time.
func (t *Tally) Record(o *Observation, closed bool) {
	t.sent++
	if !closed {
		delay := o.Send - o.Due
		if delay < 0 {
			// Neighbours may swap between workers, so a few are sent slightly early.
			t.clamped++
			delay = 0
		}
		t.send.record(delay)
	}
	if o.Answered() {
		t.answered++
		t.byCode[o.Code]++
		// A request without an answer has no times.
		t.service.record(o.End - o.Resent)
		if !closed {
			t.response.record(o.End - o.Due)
		}
	} else {
		o.Class.Count(&t.errors)
		t.keepExample(o)
	}
	if o.Delivered() {
		t.delivered++
	}
	if o.Tries > 1 {
		t.retried++
	}
	if o.UnexpectedBody {
		t.unexpected++
	}
}

func (t *Tally) keepExample(o *Observation) {
	if o.Err == nil {
		return
	}
	class := o.Class.String()
	have := t.examples[class]
	if len(have) >= examplesMost {
		return
	}
	text := o.Err.Error()
	if len(text) > textMost {
		text = text[:textMost] + "…"
	}
	if !slices.Contains(have, text) {
		t.examples[class] = append(have, text)
	}
}

// Requests are the counts, given how many were planned.
func (t *Tally) Requests(planned uint64) results.Requests {
	out := results.Requests{
		Planned:           planned,
		Sent:              t.sent,
		Unsent:            planned - min(planned, t.sent),
		Answered:          t.answered,
		Delivered:         t.delivered,
		Retried:           t.retried,
		UnexpectedBody:    t.unexpected,
		ByCode:            make(map[string]uint64, len(t.byCode)),
		Errors:            t.errors,
		ClampedSendDelays: t.clamped,
	}
	for code, n := range t.byCode {
		out.ByCode[strconv.Itoa(code)] = n
	}
	if len(t.examples) > 0 {
		out.ErrorExamples = make(map[string][]string, len(t.examples))
		for class, texts := range t.examples {
			out.ErrorExamples[class] = slices.Clone(texts)
		}
	}
	return out
}

// Portion is the tally for the record, given how many were planned.
func (t *Tally) Portion(planned uint64) results.Portion {
	return results.Portion{
		Requests:  t.Requests(planned),
		SendDelay: t.send.quantiles(), ServiceTime: t.service.quantiles(), ResponseTime: t.response.quantiles(),
	}
}

// Histograms are the distributions of the three times, in nanoseconds.
func (t *Tally) Histograms() (send, service, response *hdrhistogram.Histogram) {
	return t.send.Histogram, t.service.Histogram, t.response.Histogram
}
