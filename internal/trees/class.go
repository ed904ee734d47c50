package trees

import (
	"strings"

	"github.com/spanstorm/spanstorm/internal/trees/internal/dialect"
)

// class is what an operation does, as far as tracers tag it alike.
type class = dialect.Class

const (
	custom = dialect.Custom
	web    = dialect.Web
	rpc    = dialect.RPC
	sql    = dialect.SQL
	cache  = dialect.Cache
	store  = dialect.Store
	queue  = dialect.Queue
)

// Values of span.kind.
const (
	server   = "server"
	client   = "client"
	producer = "producer"
	consumer = "consumer"
	internal = "internal"
)

// classOf guesses the class of an operation from its span type, and where that
// says less, from its name: gRPC's spans are of type web or rpc, and are named grpc.….
func classOf(typ, name string) class {
	switch head, _, _ := strings.Cut(name, "."); head {
	case "grpc":
		return rpc
	case "kafka", "rabbitmq", "amqp", "sqs", "pubsub":
		return queue
	}
	switch typ {
	case "web", "http":
		return web
	case "rpc", "grpc":
		return rpc
	case "db", "sql":
		return sql
	case "cache", "redis", "memcached":
		return cache
	case "mongodb", "cassandra", "elasticsearch", "dynamodb":
		return store
	case "queue", "worker":
		return queue
	}
	return custom
}

// kindAt is the kind of a span of the operation: what the scenario says, else
// what its name says, else by class and place. A span stands for both ends of a
// call: where a scenario wants the caller's client span too, it has an
// operation of the caller for it.
func (op *operation) kindAt(caller *service, async bool) string {
	if op.kind != "" {
		return op.kind
	}
	switch op.name[strings.LastIndexByte(op.name, '.')+1:] {
	case "client":
		return client
	case "server":
		return server
	case "produce", "publish", "send":
		return producer
	case "consume", "process", "receive":
		return consumer
	}
	foreign := caller != op.service
	switch op.class {
	case sql, cache, store:
		return client
	case queue:
		if foreign {
			return consumer
		}
		return producer
	case web, rpc:
		if op.typ == "http" && caller != nil { // tracers say web of servers and http of clients
			return client
		}
		if foreign {
			return server
		}
		return internal
	}
	if foreign && async {
		return consumer
	}
	return internal
}

// tracer is the service whose tracer makes the span: its own, or for databases
// and brokers that are sent a message, which have none, the caller's.
func (op *operation) tracer(caller *service) *service {
	if caller == nil {
		return op.service
	}
	switch op.class {
	case sql, cache, store:
		return caller
	case queue:
		if op.kindAt(caller, false) == producer {
			return caller
		}
	}
	return op.service
}

// nameAt is the name of a span: what is made up is called as its tracer calls it.
func (op *operation) nameAt(caller *service, async bool) string {
	if !op.made {
		return op.name
	}
	return dialect.Name(op.tracer(caller).language, op.name, op.kindAt(caller, async) == client)
}

// component is the value of the component tag, the library that was traced; spans
// that a program makes by itself have none.
func (op *operation) component(lang, kind string) string {
	switch op.class {
	case web:
		if kind == client {
			return dialect.Pick(lang, "net/http", "okhttp", "requests", "http", "faraday", "HttpMessageHandler", "guzzle")
		}
		return dialect.Server(lang, op.name)
	case rpc:
		if kind == client {
			return dialect.Pick(lang, "google.golang.org/grpc", "grpc-client", "grpc", "grpc", "grpc", "Grpc", "grpc")
		}
		return dialect.Pick(lang, "google.golang.org/grpc", "grpc-server", "grpc_server", "grpc", "grpc", "Grpc", "grpc")
	case sql, cache, store:
		return op.driver(lang)
	case queue:
		if kind != producer && kind != consumer {
			break // a job, which no library of a broker has traced
		}
		switch broker := op.broker(); broker {
		case "kafka":
			return dialect.Pick(lang, "segmentio/kafka.go.v0", "java-kafka", "kafka", "kafkajs", "kafka", "kafka", "kafka")
		case "rabbitmq":
			return dialect.Pick(lang, "rabbitmq/amqp091-go", "rabbitmq-amqp", "kombu", "amqplib", "bunny", "RabbitMQ", "amqp")
		default:
			return broker
		}
	}
	return ""
}
