package tracer

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/internal/clients"
)

// Headers of the trace API, in their canonical spelling.
const (
	headerLang        = "Datadog-Meta-Lang"
	headerLangVersion = "Datadog-Meta-Lang-Version"
	headerInterpreter = "Datadog-Meta-Lang-Interpreter"
	headerVendor      = "Datadog-Meta-Lang-Interpreter-Vendor"
	headerTracer      = "Datadog-Meta-Tracer-Version"
	headerContainer   = "Datadog-Container-Id"
	headerEntity      = "Datadog-Entity-Id" // the container, as newer agents want it
	headerTraceCount  = "X-Datadog-Trace-Count"
	headerRealStatus  = "Datadog-Send-Real-Http-Status"
	headerUserAgent   = "User-Agent"
	headerContentType = "Content-Type"
)

// headersOf lists what a tracer sets on each of its requests. All tracers list
// the same names in the same order, so that a request can pass from one to
// another; what a tracer does not say is a header without values, which is not sent.
func headersOf(c *clients.Client, realStatus bool, extra []header) []header {
	var list []header
	for _, h := range []struct{ name, value string }{
		{headerUserAgent, c.UserAgent},
		{headerLang, c.Language},
		{headerLangVersion, c.LanguageVersion},
		{headerInterpreter, c.Interpreter},
		{headerVendor, c.Vendor},
		{headerTracer, c.TracerVersion},
		{headerContainer, c.ContainerID},
		{headerEntity, c.EntityID()},
	} {
		if h.value == "" {
			list = append(list, header{name: h.name})
			continue
		}
		list = append(list, header{h.name, []string{h.value}})
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
