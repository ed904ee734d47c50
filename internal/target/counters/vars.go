package counters

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// NewVars reads the expvar page at url: the Datadog agent's counters, and those
// of its own that are named, by the keys that lead to them.
func NewVars(get Get, url string, own ...string) Source {
	return &page{kind: KindVars, url: url, get: get, parse: func(body []byte) (Readings, error) {
		return parseVars(body, own...)
	}}
}

// Keys of an expvar page below which an agent's counters are: what it took in,
// and what it handed on.
const (
	receiverKey = "receiver"
	writerKey   = "trace_writer"
)

// What a Go program says of its garbage collector; package expvar shows it of its own accord.
const (
	GCCount   = "memstats.NumGC"
	GCPauseNS = "memstats.PauseTotalNs"
)

// parseVars reads the numbers below "receiver" and "trace_writer" of an expvar
// page, what a Go program says of its memory, and counters of its own, named by the keys that lead to them:
// receiver.traces_dropped.span_id_zero.
func parseVars(body []byte, own ...string) (Readings, error) {
	var vars map[string]any
	if err := json.Unmarshal(body, &vars); err != nil {
		return nil, fmt.Errorf("the page is no expvar JSON: %w", err)
	}
	if _, ok := vars[receiverKey].(map[string]any); !ok && len(own) == 0 {
		return nil, errors.New(`the page has no object "receiver" with a receiver's counters; name counters of its own under meanings`)
	}
	readings := Readings{}
	for _, name := range []string{GCCount, GCPauseNS} {
		if v, ok := valueAt(vars, name); ok {
			readings[name] = Reading{Value: v}
		}
	}
	for _, name := range own {
		if v, ok := valueAt(vars, name); ok {
			readings[name] = Reading{Value: v}
		}
	}
	for _, key := range []string{receiverKey, writerKey} {
		flatten(readings, key, vars[key])
	}
	return readings, nil
}

// valueAt follows the keys in a name, which are joined by dots. Keys may have dots, too.
func valueAt(object map[string]any, name string) (float64, bool) {
	if v, ok := object[name].(float64); ok {
		return v, true
	}
	for i, c := range name {
		if c != '.' {
			continue
		}
		if below, ok := object[name[:i]].(map[string]any); ok {
			if v, ok := valueAt(below, name[i+1:]); ok {
				return v, true
			}
		}
	}
	return 0, false
}

func flatten(into Readings, name string, value any) {
	switch v := value.(type) {
	case float64:
		if _, known := into[name]; !known {
			into.add(KindVars, name, v, false)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			flatten(into, name+"."+key, v[key])
		}
	}
}
