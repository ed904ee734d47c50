package results

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Op compares what was measured with what was expected.
type Op string

// The operators of expectations.
const (
	Less        Op = "<"
	LessOrEqual Op = "<="
	More        Op = ">"
	MoreOrEqual Op = ">="
	Equal       Op = "=="
)

// Expectation is one line of a scenario's `expect`, parsed:
//
//	[phase.]metric[.quantile] op value[unit]
//
// for example `response_time.p99 < 50ms`, `hold.service_time.max <= 1s`,
// `accepted >= 99.9%`, `missing.spans == 0` or `target.rss_max_bytes < 200MB`.
// [Metrics] lists the names.
type Expectation struct {
	// Text is the expectation as written, without surrounding blanks.
	Text string
	// Phase limits a figure to one phase; empty: the kept phases together.
	Phase string
	// Metric is a name of [Metrics], without phase, quantile and `.spans`.
	Metric string
	// Quantile is p50, p75, p90, p95, p99, p99_9, p99_99, mean, min or max for a latency, else empty.
	Quantile string
	// Spans says that spans are counted instead of traces.
	Spans bool
	Op    Op
	// Value is in nanoseconds, bytes, seconds or plain numbers, as the metric
	// is; in percent when Percent is set.
	Value   float64
	Percent bool
}

// ExpectationError says what is wrong with the text of an expectation, and where.
type ExpectationError struct {
	Text    string // as it was given
	Offset  int    // byte offset into Text where the trouble begins, 0..len(Text)
	Problem string
	Remedy  string
}

// Error says the problem and the remedy on one line.
func (e *ExpectationError) Error() string {
	s := fmt.Sprintf("expectation %q: %s", e.Text, e.Problem)
	if e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

const opsRemedy = "use one of < <= > >= =="

// ParseExpectation parses one expectation. Its error is an [*ExpectationError].
func ParseExpectation(text string) (Expectation, error) {
	fail := func(offset int, remedy, format string, args ...any) (Expectation, error) {
		return Expectation{}, &ExpectationError{Text: text, Offset: offset, Problem: fmt.Sprintf(format, args...), Remedy: remedy}
	}
	start := len(text) - len(strings.TrimLeft(text, " \t"))
	body := strings.TrimSpace(text)
	if body == "" {
		return fail(0, "write for example response_time.p99 < 50ms", "it is empty")
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r == '\uFFFD' }); i >= 0 {
		return fail(i, "write it on one line of plain text", "it holds a character that cannot be read")
	}
	at := strings.IndexAny(text, "<>=!≤≥")
	if at < 0 {
		return fail(start+len(body), opsRemedy, "it compares nothing")
	}
	op, opLen, ok := scanOp(text[at:])
	if !ok {
		return fail(at, opsRemedy, "%q is not a comparison", text[at:at+opLen])
	}
	name := strings.TrimSpace(text[:at])
	if name == "" {
		return fail(at, "write for example response_time.p99 < 50ms", "nothing stands before %q", string(op))
	}
	exp := Expectation{Text: body, Op: op}
	m, err := exp.parseName(name)
	if err != nil {
		err.Text, err.Offset = text, err.Offset+start
		return Expectation{}, err
	}
	value := strings.TrimSpace(text[at+opLen:])
	valueAt := len(strings.TrimRight(text, " \t\r\n")) - len(value)
	if value == "" {
		return fail(len(text), m.kind.remedy(), "no value stands after %q", string(op))
	}
	if err := exp.parseValue(m, value); err != nil {
		err.Text, err.Offset = text, err.Offset+valueAt
		return Expectation{}, err
	}
	return exp, nil
}

// scanOp reads the operator at the start of s and returns its length in bytes.
func scanOp(s string) (Op, int, bool) {
	for _, op := range []Op{LessOrEqual, MoreOrEqual, Equal, Less, More} {
		if strings.HasPrefix(s, string(op)) {
			n := len(op)
			if n < len(s) && strings.ContainsRune("<>=!", rune(s[n])) {
				return "", n + 1, false
			}
			return op, n, true
		}
	}
	n := len(s) - len(strings.TrimLeft(s, "<>=!≤≥"))
	return "", n, false
}

// parseName takes apart `[phase.]metric[.quantile|.spans]`. A phase's name may
// hold dots itself, so the longest known metric at the end of the name wins.
func (exp *Expectation) parseName(name string) (metric, *ExpectationError) {
	for at := 0; at >= 0; at = nextPart(name, at) {
		rest := name[at:]
		m, ok := exp.matchMetric(rest)
		if !ok {
			continue
		}
		if m.kind == kindLatency && exp.Quantile == "" {
			return m, &ExpectationError{Offset: len(name),
				Problem: fmt.Sprintf("%s needs a quantile", m.name),
				Remedy:  "write for example " + m.name + ".p99; there are " + strings.Join(quantileNames(), ", ")}
		}
		if at == 0 {
			return m, nil
		}
		exp.Phase = name[:at-1]
		if exp.Phase == "" {
			return m, &ExpectationError{Offset: 0, Problem: "the phase before the first dot is empty", Remedy: "name a phase of the load, or write " + m.name + " alone"}
		}
		if !m.perPhase {
			return m, &ExpectationError{Offset: 0,
				Problem: fmt.Sprintf("%s is counted over the whole run, not per phase", m.name),
				Remedy:  "write it without " + strconv.Quote(exp.Phase+".")}
		}
		return m, nil
	}
	return metric{}, unknownMetric(name)
}

// nextPart returns the offset just after the next dot of name at or after at, or -1.
func nextPart(name string, at int) int {
	i := strings.IndexByte(name[at:], '.')
	if i < 0 {
		return -1
	}
	return at + i + 1
}

// matchMetric matches the whole of s with one metric and what may follow it.
func (exp *Expectation) matchMetric(s string) (metric, bool) {
	for _, m := range metricTable() {
		rest, ok := strings.CutPrefix(s, m.name)
		if !ok {
			continue
		}
		switch {
		case rest == "":
		case m.kind == kindLatency && slices.Contains(quantileNames(), normalQuantile(rest[1:])) && rest[0] == '.':
			exp.Quantile = normalQuantile(rest[1:])
		case m.spans && rest == ".spans":
			exp.Spans = true
		case m.kind == kindCode && isCode(rest):
			m.code = rest
		default:
			continue
		}
		exp.Metric = m.name + m.code
		return m, true
	}
	return metric{}, false
}

// normalQuantile maps the spelling p99.9 to p99_9.
func normalQuantile(s string) string { return strings.Replace(s, ".", "_", 1) }

func isCode(s string) bool {
	return len(s) == 3 && s[0] >= '1' && s[0] <= '5' && s[1] >= '0' && s[1] <= '9' && s[2] >= '0' && s[2] <= '9'
}

// unknownMetric blames the part of name that fits least and suggests the nearest.
func unknownMetric(name string) *ExpectationError {
	for at := 0; at >= 0; at = nextPart(name, at) {
		for _, m := range metricTable() {
			rest, ok := strings.CutPrefix(name[at:], m.name+".")
			if !ok {
				continue
			}
			bad := at + len(m.name) + 1
			switch {
			case m.kind == kindLatency:
				return &ExpectationError{Offset: bad, Problem: fmt.Sprintf("%s has no quantile %q", m.name, rest),
					Remedy: "there are " + strings.Join(quantileNames(), ", ")}
			case m.spans:
				return &ExpectationError{Offset: bad, Problem: fmt.Sprintf("%s has no part %q", m.name, rest),
					Remedy: fmt.Sprintf("write %s for traces or %s.spans for spans", m.name, m.name)}
			}
		}
	}
	// Compare the name with and without a phase before it: either may be the typo.
	best, bestAt, bestFar := "", 0, math.MaxInt
	for at := 0; at >= 0; at = nextPart(name, at) {
		for _, candidate := range metricNames() {
			if far := editDistance(name[at:], candidate); far < bestFar {
				best, bestAt, bestFar = candidate, at, far
			}
		}
	}
	e := &ExpectationError{Offset: bestAt, Problem: fmt.Sprintf("there is no metric %q", name[bestAt:])}
	if bestFar <= max(2, len(best)/3) {
		e.Remedy = fmt.Sprintf("did you mean %s?", best)
		return e
	}
	e.Offset, e.Problem = 0, fmt.Sprintf("there is no metric %q", name)
	e.Remedy = "there are " + strings.Join(metricNames(), ", ")
	return e
}

// parseValue reads the right-hand side in the metric's unit.
func (exp *Expectation) parseValue(m metric, s string) *ExpectationError {
	bad := func(offset int, format string, args ...any) *ExpectationError {
		return &ExpectationError{Offset: offset, Problem: fmt.Sprintf(format, args...), Remedy: m.kind.remedy()}
	}
	n := numberLen(s)
	if n == 0 {
		if strings.HasPrefix(s, "-") {
			return bad(0, "%s is never negative", m.name)
		}
		return bad(0, "%q is not a number", s)
	}
	value, err := strconv.ParseFloat(s[:n], 64)
	if err != nil || math.IsInf(value, 0) {
		return bad(0, "%q is out of range", s[:n])
	}
	unit := strings.TrimSpace(s[n:])
	unitAt := len(s) - len(unit)
	exp.Value = value
	if unit == "%" {
		if !m.percent {
			return bad(unitAt, "%s cannot be a percentage", m.name)
		}
		exp.Percent = true
		if value > 100 && m.kind != kindRate && m.name != "duplicated" {
			return bad(0, "%s is a share and never above 100%%", m.name)
		}
		return nil
	}
	switch m.kind {
	case kindLatency:
		if unit == "" && value == 0 {
			return nil
		}
		if unit == "" {
			return bad(len(s), "%s has no unit", s)
		}
		// Handles several units in a row, 1m30s, as well.
		d, err := time.ParseDuration(strings.Join(strings.Fields(s), ""))
		if err != nil {
			return bad(unitAt, "%q is not a duration", s)
		}
		exp.Value = float64(d)
	case kindBytes:
		scale, ok := byteScale(unit)
		if !ok {
			return bad(unitAt, "%q is not a unit of bytes", unit)
		}
		exp.Value = value * scale
	case kindSeconds:
		if unit != "" && unit != "s" {
			return bad(unitAt, "%q is not a unit of %s", unit, m.name)
		}
	case kindRate:
		if unit != "" && unit != "/s" {
			return bad(unitAt, "%q is not a unit of %s", unit, m.name)
		}
	case kindShare:
		if unit != "" {
			return bad(unitAt, "%q is not a unit of %s", unit, m.name)
		}
		if value > 1 {
			return bad(0, "%s without %% is a share from 0 to 1", m.name)
		}
		exp.Value, exp.Percent = value*100, true
	default: // counts
		if unit != "" {
			return bad(unitAt, "%q is not a unit of %s", unit, m.name)
		}
		if value != math.Trunc(value) {
			return bad(0, "%s counts whole things, %s is not whole", m.name, s)
		}
	}
	return nil
}

// numberLen is the length of the decimal number that s begins with; 0: none.
func numberLen(s string) int {
	digits := func(i int) int {
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i
	}
	n := digits(0)
	if n == 0 {
		return 0
	}
	if n < len(s) && s[n] == '.' {
		if m := digits(n + 1); m > n+1 {
			n = m
		}
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		i := n + 1
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if m := digits(i); m > i {
			n = m
		}
	}
	return n
}

func byteScale(unit string) (float64, bool) {
	switch unit {
	case "", "B":
		return 1, true
	case "KB", "kB":
		return 1e3, true
	case "MB":
		return 1e6, true
	case "GB":
		return 1e9, true
	case "KiB":
		return 1 << 10, true
	case "MiB":
		return 1 << 20, true
	case "GiB":
		return 1 << 30, true
	}
	return 0, false
}

// CheckPhase returns an [*ExpectationError] when the expectation names a phase
// that is not among names, the phases of a load.
func (exp Expectation) CheckPhase(names []string) error {
	if exp.Phase == "" || slices.Contains(names, exp.Phase) {
		return nil
	}
	e := &ExpectationError{Text: exp.Text, Problem: fmt.Sprintf("the load has no phase %q", exp.Phase), Remedy: "its phases are " + strings.Join(names, ", ")}
	if len(names) == 0 {
		e.Remedy = "write the metric without a phase"
	}
	return e
}

// editDistance is the number of single-byte changes between a and b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
