package results

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The metrics that histograms are kept of.
const (
	SendDelay    = "send_delay"
	ServiceTime  = "service_time"
	ResponseTime = "response_time"
	// EndToEndDelay is of the run as a whole, without a phase.
	EndToEndDelay = "end_to_end"
)

// Histogram is one distribution of nanoseconds of a record.
type Histogram struct {
	Scope
	Metric string // SendDelay, ServiceTime, ResponseTime or EndToEndDelay
	// StartedAt and EndedAt bound the time that it covers, to the millisecond.
	StartedAt, EndedAt time.Time
	Values             *hdrhistogram.Histogram
}

// Scope says which requests a histogram is of: those of a phase, those that were
// due in an incident, or those of the kept phases outside of all incidents.
type Scope struct {
	Phase, Incident  string
	OutsideIncidents bool
}

// How the tags of histograms begin that are not of a phase. An escaped name
// has no slash.
const (
	incidentTag = "incident/"
	outsideTag  = "outside/incidents"
)

// SaveHistograms writes histograms.hlog in HdrHistogram's own log format, one
// interval per histogram, tagged `PHASE.METRIC` (with what the format forbids
// in a tag escaped as in a URL), `incident/NAME.METRIC` or
// `outside/incidents.METRIC`. Tools that read such logs read this one.
func (w *Writer) SaveHistograms(histograms []Histogram) error {
	var buf bytes.Buffer
	log := hdrhistogram.NewHistogramLogWriter(&buf)
	// Writing to memory: errors can only come from what is written.
	err := log.OutputComment("[Spanstorm: nanoseconds per phase and metric]")
	if err == nil {
		err = log.OutputLogFormatVersion()
	}
	if err == nil && len(histograms) > 0 {
		err = log.OutputStartTime(histograms[0].StartedAt.UnixMilli())
	}
	if err == nil {
		err = log.OutputLegend()
	}
	for _, h := range histograms {
		if err != nil {
			break
		}
		if h.Values == nil {
			continue
		}
		h.Values.SetTag(tag(h.Scope, h.Metric))
		h.Values.SetStartTimeMs(h.StartedAt.UnixMilli())
		h.Values.SetEndTimeMs(h.EndedAt.UnixMilli())
		err = log.OutputIntervalHistogram(h.Values)
	}
	if err != nil {
		return fmt.Errorf("save the histograms of %s: encode them: %w", w.dir, err)
	}
	if err := w.WriteFile(HistogramsFile, buf.Bytes()); err != nil {
		return fmt.Errorf("save the histograms: %w", err)
	}
	return nil
}

func tag(s Scope, metric string) string {
	escaped := func(name string) string { return strings.ReplaceAll(url.PathEscape(name), ",", "%2C") }
	switch {
	case s.OutsideIncidents:
		return outsideTag + "." + metric
	case s.Incident != "":
		return incidentTag + escaped(s.Incident) + "." + metric
	}
	return escaped(s.Phase) + "." + metric
}

// untag is the inverse of tag; a tag of another tool is a metric without a phase.
func untag(tag string) (s Scope, metric string) {
	dot := strings.LastIndexByte(tag, '.')
	if dot < 0 {
		return Scope{}, tag
	}
	scope, metric := tag[:dot], tag[dot+1:]
	if scope == outsideTag {
		return Scope{OutsideIncidents: true}, metric
	}
	name, ofIncident := strings.CutPrefix(scope, incidentTag)
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	if ofIncident {
		return Scope{Incident: name}, metric
	}
	return Scope{Phase: name}, metric
}

// histogramsMaxBytes bounds what is read into memory.
const histogramsMaxBytes = 256 << 20

// ReadHistograms reads the histograms beside a record: path is its folder or a log.
func ReadHistograms(path string) ([]Histogram, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, HistogramsFile)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the histograms %s: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	histograms, err := DecodeHistograms(io.LimitReader(f, histogramsMaxBytes))
	if err != nil {
		return nil, fmt.Errorf("read the histograms %s: %w", path, err)
	}
	return histograms, nil
}

// DecodeHistograms reads a log in HdrHistogram's format, in the order of the log.
func DecodeHistograms(r io.Reader) ([]Histogram, error) {
	log := hdrhistogram.NewHistogramLogReader(r)
	var out []Histogram
	for {
		h, err := log.NextIntervalHistogram()
		if err != nil {
			return nil, fmt.Errorf("interval %d: %w", len(out)+1, err)
		}
		if h == nil {
			return out, nil
		}
		scope, metric := untag(h.Tag())
		out = append(out, Histogram{Scope: scope, Metric: metric, Values: h,
			StartedAt: time.UnixMilli(h.StartTimeMs()).UTC(), EndedAt: time.UnixMilli(h.EndTimeMs()).UTC()})
	}
}
