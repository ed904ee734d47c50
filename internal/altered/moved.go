package altered

import (
	"strings"

	"github.com/spanstorm/spanstorm/internal/fault"
)

// moved says that a tag is not compared: tracers set it for the agent, which has
// another place for it than the span, or none.
func moved(key string) bool {
	switch key {
	case "_sampling_priority_v1", // a field of the chunk (pkg/trace/agent/normalizer.go); in OTLP sampling.priority
		"_dd.origin",   // a field of the chunk; pkg/trace/agent/normalizer.go
		"_dd.hostname", // a field of the tracer's payload; pkg/trace/api/api.go
		linksTag,       // compared as links and events, whether they come in tags or in fields
		eventsTag:
		return true
	}
	// Propagated tags are of the whole trace, and agents put them on the chunk.
	return strings.HasPrefix(key, "_dd.p.")
}

// unseen says that a fault is of a field for which OTLP has no place, so that nobody can
// tell what became of it.
func unseen(kind string, otlp bool) bool { return otlp && kind == fault.LongType }

// otherNames are the attributes that the datadogreceiver of the OpenTelemetry
// Collector makes of a tag that tracers write on spans, where it knows it by another name
// (receiver/datadogreceiver/internal/translator/tags.go, v0.118.0 and v0.128.0); all
// others keep theirs.
func otherNames(key string) []string {
	for _, header := range [][2]string{{"http.request.headers.", "http.request.header."}, {"http.response.headers.", "http.response.header."}} {
		if name, ok := strings.CutPrefix(key, header[0]); ok {
			return []string{header[1] + name}
		}
	}
	switch strings.ToLower(key) {
	case "env":
		return []string{"deployment.environment.name", "deployment.environment"}
	case "service":
		return []string{"service.name"}
	case "version":
		return []string{"service.version"}
	case "container_id":
		return []string{"container.id"}
	case "runtime":
		return []string{"container.runtime"}
	case "region":
		return []string{"cloud.region"}
	case "zone":
		return []string{"cloud.availability_zone"}
	case "process_id":
		return []string{"process.pid"}
	case "http.client_ip":
		return []string{"client.address"}
	case "http.response.content_length":
		return []string{"http.response.body.size"}
	case "http.request.content_length":
		return []string{"http.request.body.size"}
	case "http.status_code":
		return []string{"http.response.status_code"}
	case "http.referer":
		return []string{"http.request.header.referer"}
	case "http.method":
		return []string{"http.request.method"}
	case "http.version":
		return []string{"network.protocol.version"}
	case "http.server_name":
		return []string{"server.address"}
	case "http.url":
		return []string{"url.full"}
	case "http.useragent":
		return []string{"user_agent.original"}
	case "db.type":
		return []string{"db.system.name"}
	case "db.operation":
		return []string{"db.operation.name"}
	case "db.instance":
		return []string{"db.collection.name"}
	case "db.pool.name":
		return []string{"db.client.connection.pool.name"}
	case "error.stacktrace":
		return []string{"exception.stacktrace"}
	case "error.msg":
		return []string{"exception.message"}
	}
	return nil
}
