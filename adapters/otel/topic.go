package otel

import (
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/fanql/fanql/ports"
)

// identities is the kind of the topics by which the engine finds the connections
// of an identity. What follows in them, a user's name perhaps, is left out.
const identities = "fanql:identity"

func ofIdentity(topic ports.Topic) bool { return strings.HasPrefix(string(topic), identities+":") }

// template is the kind of a topic; "" where there is none.
func (o *Observer) template(topic ports.Topic) string {
	switch {
	case topic == "":
		return ""
	case ofIdentity(topic):
		return identities
	default:
		return o.config.TopicTemplate(topic)
	}
}

// topicLabels is the attribute for a topic's kind, or nothing.
func (o *Observer) topicLabels(topic ports.Topic) []attribute.KeyValue {
	if template := o.template(topic); template != "" {
		return []attribute.KeyValue{semconv.MessagingDestinationTemplate(template)}
	}
	return nil
}

// destination is a topic as spans name it.
func destination(topic ports.Topic) string {
	if ofIdentity(topic) {
		return identities
	}
	return string(topic)
}
