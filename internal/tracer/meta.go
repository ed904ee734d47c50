package tracer

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Headers of the trace API, in their canonical spelling.
const (
	headerLang        = "Datadog-Meta-Lang"
	headerLangVersion = "Datadog-Meta-Lang-Version"
	headerInterpreter = "Datadog-Meta-Lang-Interpreter"
	headerTracer      = "Datadog-Meta-Tracer-Version"
	headerTraceCount  = "X-Datadog-Trace-Count"
	headerRealStatus  = "Datadog-Send-Real-Http-Status"
	headerUserAgent   = "User-Agent"
	headerContentType = "Content-Type"
)

// meta is how a tracer introduces itself.
type meta struct {
	lang, version, interpreter, tracer, userAgent string
}

// introduction returns what a tracer of a language sends. Names and forms are
// those of Datadog's published tracers; the versions are plausible ones.
func introduction(language string) meta {
	switch language {
	case "go":
		return meta{"go", "1.26.0", "gc-amd64-linux", "v2.4.1", "Go-http-client/1.1"}
	case "java":
		return meta{"java", "21.0.5", "OpenJDK 64-Bit Server VM", "1.48.2~c1d6a3f2b4", "okhttp/3.12.15"}
	case "python":
		return meta{"python", "3.13.1", "CPython", "3.2.1", "Python-http-client"}
	case "ruby":
		return meta{"ruby", "3.4.1", "ruby-x86_64-linux", "2.11.0", "Ruby"}
	case "nodejs", "node", "javascript":
		return meta{"nodejs", "v22.13.0", "v8", "5.40.0", "node"}
	case "php":
		return meta{"php", "8.4.2", "fpm-fcgi", "1.6.2", "libcurl/8.11.1"}
	case "dotnet", ".net", "csharp":
		return meta{".NET", "9.0.1", ".NET", "3.10.1.0", "dd-trace-dotnet"}
	case "cpp", "c++":
		return meta{"cpp", "202002", "", "v1.0.0", "libcurl/8.11.1"}
	case "rust":
		return meta{"rust", "1.84.0", "", "0.2.1", "hyper"}
	default:
		return meta{language, "1.0.0", "", "1.0.0", "tracer/1.0.0"}
	}
}

// languages gives each client a language, by weight: client i of n has the
// language at (i+½)/n of the weights laid end to end in order of their names.
// So shares are as close to the weights as n allows, and always the same.
func languages(c scenarios.Clients) []string {
	names := slices.Sorted(maps.Keys(c.Languages))
	total := 0.0
	for _, name := range names {
		total += max(0, c.Languages[name])
	}
	n := max(1, c.Count)
	langs := make([]string, n)
	for i := range langs {
		langs[i] = "go"
		at, sum := (float64(i)+0.5)/float64(n)*total, 0.0
		for _, name := range names {
			if sum += max(0, c.Languages[name]); at < sum {
				langs[i] = name
				break
			}
		}
	}
	return langs
}

// headersOf lists what a tracer sets on each of its requests. All tracers list
// the same names in the same order, so that a request can pass from one to another.
func headersOf(language string, realStatus bool, extra []header) []header {
	m := introduction(language)
	list := []header{
		{headerUserAgent, []string{m.userAgent}},
		{headerLang, []string{m.lang}},
		{headerLangVersion, []string{m.version}},
		{headerInterpreter, []string{m.interpreter}},
		{headerTracer, []string{m.tracer}},
	}
	if realStatus {
		list = append(list, header{headerRealStatus, []string{"true"}})
	}
	for _, h := range extra {
		i := slices.IndexFunc(list, func(have header) bool { return have.name == h.name })
		if i >= 0 {
			list[i] = h
		} else {
			list = append(list, h)
		}
	}
	return list
}

// extraHeaders reads the scenario's headers.
func extraHeaders(headers map[string]string) ([]header, error) {
	var list []header
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value := headers[name]
		canonical := http.CanonicalHeaderKey(name)
		switch {
		case name == "" || strings.ContainsAny(name, " \t\r\n:"):
			return nil, fmt.Errorf("header %q: that is no name of a header", name)
		case strings.ContainsAny(value, "\r\n\x00"):
			return nil, fmt.Errorf("header %s: its value holds a line break or a zero byte", name)
		case canonical == "Content-Length" || canonical == "Transfer-Encoding" || canonical == "Host" || canonical == "Connection":
			return nil, fmt.Errorf("header %s: it frames the request and cannot be set", name)
		}
		list = append(list, header{canonical, []string{value}})
	}
	return list, nil
}
