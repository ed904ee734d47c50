package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name    string      `xml:"name,attr"`
	Class   string      `xml:"classname,attr"`
	Failure *junitFault `xml:"failure,omitempty"`
	Error   *junitFault `xml:"error,omitempty"`
	Out     string      `xml:"system-out,omitempty"`
}

type junitFault struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes records as JUnit XML for continuous integration: a suite per
// record, with a test case for the validity of its run and one per expectation.
// A run that is not valid is an error, an expectation that is not met a failure.
func JUnit(w io.Writer, recs ...*results.Record) error {
	all := junitSuites{}
	total := 0.0
	for _, rec := range recs {
		s := suite(rec)
		total += rec.EndedAt.Sub(rec.StartedAt).Seconds()
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
		all.Suites = append(all.Suites, s)
	}
	all.Time = fmt.Sprintf("%.3f", total)
	data, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report as JUnit XML: %w", err)
	}
	if _, err := io.WriteString(w, xml.Header+string(data)+"\n"); err != nil {
		return fmt.Errorf("write the report as JUnit XML: %w", err)
	}
	return nil
}

func suite(rec *results.Record) junitSuite {
	name := clean(rec.Name)
	if rec.Target.Name != "" {
		name += " on " + clean(rec.Target.Name)
	}
	s := junitSuite{Name: name, Time: fmt.Sprintf("%.3f", rec.EndedAt.Sub(rec.StartedAt).Seconds())}
	if !rec.StartedAt.IsZero() {
		s.Timestamp = rec.StartedAt.UTC().Format("2006-01-02T15:04:05")
	}
	for _, f := range facts(rec) {
		s.Properties = append(s.Properties, junitProperty(f))
	}
	class := "spanstorm." + clean(rec.Name)
	valid := junitCase{Name: "the run is valid and complete", Class: class, Out: summary(rec)}
	if !rec.Valid || !rec.Complete || len(imbalances(rec)) > 0 {
		var reasons []string
		for _, r := range judge(rec).Reasons {
			reasons = append(reasons, r.Text)
		}
		kind := "invalid"
		if !rec.Complete {
			kind = "incomplete"
		}
		valid.Error = &junitFault{Message: strings.Join(reasons, "; "), Type: kind, Text: strings.Join(reasons, "\n")}
		s.Errors++
	}
	s.Cases = append(s.Cases, valid)
	for _, e := range rec.Expectations {
		c := junitCase{Name: clean(e.Text), Class: class, Out: "got " + clean(e.Got)}
		if !e.Met {
			message := fmt.Sprintf("expected %s, got %s", clean(e.Text), clean(e.Got))
			c.Failure = &junitFault{Message: message, Type: "expectation", Text: message}
			s.Failures++
		}
		s.Cases = append(s.Cases, c)
	}
	s.Tests = len(s.Cases)
	return s
}
