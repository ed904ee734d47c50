package trees

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/internal/trees/internal/dialect"
)

// tagHTTP tags a web request; caller is who asks, nil for one from outside.
func (d *Dresser) tagHTTP(n *node, k int, kind, resource, lang string, caller *service, s *stream) {
	method, path, ok := asked(resource)
	if !ok {
		method, path = "GET", resource
	}
	path = rooted(path)
	host := n.op.host()
	d.set("http.method", method)
	d.tagStatus(n, k, method, s)
	d.set("http.url", "http://"+host+d.filled(path, s))
	if kind == client {
		d.set(dialect.Pick(lang, "network.destination.name", "peer.hostname", "out.host", "out.host", "peer.hostname", "out.host", "out.host"), host)
		return
	}
	if n.op.resource.pattern == "" { // a resource that holds numbers is one whose route is not known
		d.set("http.route", path)
	}
	switch lang {
	case "go":
		d.set("http.host", host)
	case "java":
		d.set("http.hostname", host)
		d.set("peer.ipv4", private(s))
		d.measure("peer.port", float64(32_768+s.below(28_000)))
	}
	if k == 0 {
		d.set("http.useragent", pick(s, d.catalogue.words.agents))
		d.set("http.client_ip", pick(s, d.catalogue.words.addresses))
	} else if agent := dialect.Agent(caller.language); agent != "" {
		d.set("http.useragent", agent)
	}
}

// host is where a web operation is: what the scenario gives as its URL says so,
// else the service's name.
func (op *operation) host() string {
	for i := range op.tags {
		if rule := &op.tags[i]; rule.key == "http.url" && len(rule.values) > 0 {
			if u, err := url.Parse(rule.values[0]); err == nil && u.Host != "" {
				return u.Hostname()
			}
		}
	}
	return op.service.name + ".internal"
}

// asked are the method and path that a resource such as GET /orders/? names; not
// ok where it is something else, such as the name of a handler.
func asked(resource string) (method, path string, ok bool) {
	method, path, ok = strings.Cut(resource, " ")
	if !ok || method == "" || strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", "", false
	}
	return method, path, true
}

// rooted is a path as requests have it.
func rooted(path string) string { return "/" + strings.TrimPrefix(path, "/") }

// private is an address within a network of an own.
func private(s *stream) string {
	return "10." + strconv.Itoa(s.below(64)) + "." + strconv.Itoa(s.below(256)) + "." + strconv.Itoa(1+s.below(254))
}

// filled puts values in the place of a route's parameters: /products/{sku} and
// /products/:id become /products/SKU-48213 and /products/48213, as in the URL of a
// real request.
func (d *Dresser) filled(route string, s *stream) string {
	segments := strings.Split(route, "/")
	for i, segment := range segments {
		name := strings.TrimPrefix(segment, ":")
		if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
			name = segment[1 : len(segment)-1]
		}
		number := 10_000 + s.below(90_000)
		switch name {
		case segment: // no parameter
		case "name", "slug", "category":
			segments[i] = pick(s, d.catalogue.words.slugs)
		case "uuid":
			segments[i] = uuid(s)
		case "sku":
			segments[i] = "SKU-" + strconv.Itoa(number)
		default:
			segments[i] = strconv.Itoa(number)
		}
	}
	return strings.Join(segments, "/")
}

// tagStatus sets the HTTP status by outcome. A client that waited no longer has
// not seen one.
func (d *Dresser) tagStatus(n *node, k int, method string, s *stream) {
	switch {
	case n.cut:
	case n.failed:
		d.set("http.status_code", strconv.Itoa(d.failures[k].status))
	default:
		d.set("http.status_code", accepted(method, s))
	}
}

// accepted is a status of who does not fail: mostly 200, and of some requests to a
// server what is the caller's own doing.
func accepted(method string, s *stream) string {
	switch p := s.below(1000); {
	case method == "":
		return "200"
	case p < 12:
		return "404"
	case p < 16:
		return "401"
	case p < 20 && method != "GET":
		return "422"
	case p < 40 && method == "GET":
		return "304"
	case p < 500 && method == "POST":
		return "201"
	case method == "DELETE":
		return "204"
	}
	return "200"
}

// tagRPC tags a gRPC call, as contrib/google.golang.org/grpc of dd-trace-go does,
// grpc of dd-trace-java, and the plugins of dd-trace-py and dd-trace-js. Languages
// besides are tagged as Go.
func (d *Dresser) tagRPC(n *node, k int, resource, lang string) {
	svc, method, ok := strings.Cut(strings.TrimPrefix(resource, "/"), "/")
	if !ok {
		svc, method = n.op.service.name, resource
	}
	code := dialect.OK
	switch {
	case n.failed && d.failures[k].timeout:
		code = dialect.DeadlineExceeded
	case n.failed && d.failures[k].unknown:
		code = dialect.Unknown
	case n.failed:
		code = dialect.Unavailable
	}
	d.set("rpc.service", svc)
	switch lang {
	case "java":
		d.set("grpc.status.code", code.Upper())
		d.set("status.code", code.Upper())
		d.set("request.type", svc[:strings.LastIndexByte(svc, '.')+1]+method+"Request")
		d.set("response.type", svc[:strings.LastIndexByte(svc, '.')+1]+method+"Response")
		return
	case "python", "nodejs":
		dot := strings.LastIndexByte(svc, '.')
		d.set("grpc.method.kind", "unary")
		d.set("grpc.method.path", "/"+svc+"/"+method)
		d.set("grpc.method.name", method)
		d.set("grpc.method.service", svc[dot+1:])
		if dot > 0 {
			d.set("grpc.method.package", svc[:dot])
		}
		if lang == "python" {
			d.set("grpc.status.code", "StatusCode."+code.Upper())
		} else {
			d.measure("grpc.status.code", float64(code))
		}
		return
	}
	d.set("rpc.system", "grpc")
	d.set("rpc.method", method)
	d.set("rpc.grpc.full_method", "/"+svc+"/"+method)
	d.set("grpc.method.name", "/"+svc+"/"+method)
	d.set("grpc.method.kind", "unary")
	d.set("grpc.code", code.String())
}
