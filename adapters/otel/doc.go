// Package otel makes OpenTelemetry traces and metrics of what an engine and its
// publishers report: an Observer is a ports.Observer.
//
// It uses OpenTelemetry's API only. Which SDK, exporter and sampler there are is
// the program's choice, which it hands over as providers; without them nothing is
// recorded.
//
// # Traces
//
// A handshake, a message, the end of a connection, an execution, a publish, a
// delivery and a push are spans. An event carries the context of the span that
// published it through the bus, so that its delivery belongs to the same trace,
// whichever process does it.
//
// # Metrics
//
// Publishing and delivering have the names of the semantic conventions for
// messaging, everything else begins with "fanql.". Attributes have few values;
// topics are among them only as Config.TopicTemplate names them.
//
// # What is never in either
//
// Documents, variables, payloads, states, identities, headers, and the text of an
// error: of an error the kind is recorded. Spans have connection IDs, topics and the
// names of operations.
package otel
