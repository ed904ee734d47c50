package trees

import (
	"strconv"
	"strings"
)

// broker is the value of messaging.system.
func (op *operation) broker() string {
	switch head, _, _ := strings.Cut(op.name, "."); head {
	case "rabbitmq", "amqp":
		return "rabbitmq"
	case "sqs":
		return "aws_sqs"
	case "pubsub":
		return "gcp_pubsub"
	}
	return "kafka"
}

// Ports of brokers, partitions of topics.
const (
	brokerPort = ":9092"
	partitions = 12
	offsetMost = 5_000_000
)

// tagMessage tags a message sent or taken from a queue. Of Kafka it writes what
// the integrations of dd-trace-go (contrib/segmentio/kafka-go), dd-trace-java
// (kafka-clients), dd-trace-py (contrib/kafka) and dd-trace-js (kafkajs) write, each with names of its
// own; languages besides are tagged as Go. Jobs that are neither sent nor taken
// have no such tags.
func (d *Dresser) tagMessage(n *node, kind, resource string, tracer *service, s *stream) {
	if kind != producer && kind != consumer {
		return
	}
	broker := n.op.broker()
	d.set("messaging.system", broker)
	topic := topicOf(resource)
	if broker != "kafka" {
		d.set("messaging.destination.name", topic)
		return
	}
	partition, offset := float64(s.below(partitions)), float64(s.below(offsetMost))
	d.set("messaging.kafka.bootstrap.servers", "kafka-1.internal"+brokerPort+",kafka-2.internal"+brokerPort)
	switch tracer.language {
	case "java":
		d.set("messaging.destination.name", topic)
		if kind == consumer {
			d.set("kafka.group", n.op.service.name)
			d.measure("partition", partition)
			d.measure("offset", offset)
			d.measure("record.queue_time_ms", float64(n.queued/1_000_000))
		}
	case "python":
		d.set("kafka.topic", topic)
		d.set("kafka.tombstone", "False")
		if kind == producer {
			partition = -1 // the broker has yet to choose
		} else {
			d.set("kafka.group_id", n.op.service.name)
			d.set("kafka.received_message", "True")
			d.measure("kafka.message_offset", offset)
		}
		d.measure("kafka.partition", partition)
	case "nodejs":
		d.set("kafka.topic", topic)
		d.set("messaging.destination.name", topic)
		d.set("kafka.message.offset", strconv.FormatFloat(offset, 'f', 0, 64))
		d.measure("kafka.partition", partition)
		if kind == producer {
			d.measure("kafka.batch_size", 1)
		}
	default:
		d.set("messaging.destination.name", topic)
		d.measure("messaging.kafka.partition", partition)
		d.measure("offset", offset)
	}
}

// topicOf is the topic in a resource such as `Produce Topic orders`.
func topicOf(resource string) string {
	if i := strings.LastIndexByte(resource, ' '); i >= 0 {
		return resource[i+1:]
	}
	return resource
}
