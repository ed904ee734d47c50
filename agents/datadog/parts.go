package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
)

// gzipCompressor compresses payloads as the agent's own gzip component does.
type gzipCompressor struct{}

func (gzipCompressor) NewWriter(w io.Writer) (io.WriteCloser, error) {
	return gzip.NewWriterLevel(w, gzip.BestSpeed)
}

func (gzipCompressor) NewReader(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }

func (gzipCompressor) Encoding() string { return "gzip" }

// stderrLogger writes what the agent logs, from information upwards.
type stderrLogger struct{}

func say(level string, text string) { _, _ = fmt.Fprintf(os.Stderr, "%s %s\n", level, text) }

func (stderrLogger) Trace(...any)          {}
func (stderrLogger) Tracef(string, ...any) {}
func (stderrLogger) Debug(...any)          {}
func (stderrLogger) Debugf(string, ...any) {}
func (stderrLogger) Info(v ...any)         { say("INFO", fmt.Sprint(v...)) }

func (stderrLogger) Infof(format string, v ...any) { say("INFO", fmt.Sprintf(format, v...)) }

func (stderrLogger) Warn(v ...any) error { return said("WARN", fmt.Sprint(v...)) }

func (stderrLogger) Warnf(format string, v ...any) error {
	return said("WARN", fmt.Sprintf(format, v...))
}

func (stderrLogger) Error(v ...any) error { return said("ERROR", fmt.Sprint(v...)) }

func (stderrLogger) Errorf(format string, v ...any) error {
	return said("ERROR", fmt.Sprintf(format, v...))
}

func (stderrLogger) Critical(v ...any) error { return said("CRITICAL", fmt.Sprint(v...)) }

func (stderrLogger) Criticalf(format string, v ...any) error {
	return said("CRITICAL", fmt.Sprintf(format, v...))
}

func (stderrLogger) Flush() {}

// said logs, and returns the text as the error that the agent's callers want.
func said(level string, text string) error {
	say(level, text)
	return fmt.Errorf("%s", text)
}
