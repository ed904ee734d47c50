package sheet

import (
	"encoding/xml"
	"fmt"
	"io"
)

// Case is one thing that passed or did not, for continuous integration. Its texts are clean.
type Case struct {
	Name string
	// At most one of these: an error says that there is no result, a failure that
	// the result is not as it should be, and skipped why there is none to speak of.
	Error, Failure *Fault
	Skipped        string
	Out            string
}

// Fault says why a case did not pass.
type Fault struct {
	Type    string // a word
	Message string // a line
	Text    string // in full
}

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
	Skipped    int             `xml:"skipped,attr"`
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
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitFault   `xml:"failure,omitempty"`
	Error   *junitFault   `xml:"error,omitempty"`
	Skipped *junitSkipped `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitFault struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

// JUnit writes sheets as JUnit XML: a suite per sheet, with its cases.
func JUnit(w io.Writer, sheets ...*Sheet) error {
	all := junitSuites{}
	total := 0.0
	for _, sheet := range sheets {
		s := suite(sheet)
		total += sheet.Took.Seconds()
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

func suite(sheet *Sheet) junitSuite {
	s := junitSuite{Name: sheet.Name, Time: fmt.Sprintf("%.3f", sheet.Took.Seconds()), Tests: len(sheet.Cases)}
	if sheet.Target != "" {
		s.Name += " on " + sheet.Target
	}
	if !sheet.Started.IsZero() {
		s.Timestamp = sheet.Started.UTC().Format("2006-01-02T15:04:05")
	}
	for _, f := range sheet.Facts {
		s.Properties = append(s.Properties, junitProperty(f))
	}
	for _, c := range sheet.Cases {
		x := junitCase{Name: c.Name, Class: "spanstorm." + sheet.Name, Out: c.Out}
		fault := func(f *Fault, n *int) *junitFault {
			if f == nil {
				return nil
			}
			*n++
			return &junitFault{Message: f.Message, Type: f.Type, Text: f.Text}
		}
		x.Error, x.Failure = fault(c.Error, &s.Errors), fault(c.Failure, &s.Failures)
		if c.Skipped != "" {
			x.Skipped = &junitSkipped{Message: c.Skipped}
			s.Skipped++
		}
		s.Cases = append(s.Cases, x)
	}
	return s
}
