package ports

import (
	"context"
	"time"
)

// EventKind is what an event asks of the engine.
type EventKind string

// The kinds of event.
const (
	// EventData carries a payload to every subscriber of the topic.
	EventData EventKind = "data"
	// EventComplete ends every subscription on the topic.
	EventComplete EventKind = "complete"
	// EventDisconnect closes the connections of every subscriber of the topic. The
	// payload is the engine's own.
	EventDisconnect EventKind = "disconnect"
	// EventCatchUp has subscribers who are behind catch up. The engine publishes it to
	// itself, and the payload is its own. No history keeps it.
	EventCatchUp EventKind = "catch up"
)

// Event is what was published.
type Event struct {
	// ID names the event for ever; the publisher sets it, and a repetition has
	// the same one.
	ID string
	// Position is the bus's own mark (a stream's sequence number, say), set by the
	// bus: the same in a repetition, and ordered as a string within a topic.
	Position string
	Topic    Topic
	Kind     EventKind
	// Payload is JSON; empty if Kind is EventComplete.
	Payload []byte
	// Keep is how long the topic's history keeps the event, if it keeps any.
	Keep Retention
	// Time is when the event was published.
	Time time.Time
	// Only, if not empty, limits the event to these connections; Except leaves
	// these out.
	Only, Except []ConnectionID
	// Trace carries the publisher's trace context to the delivery.
	Trace map[string]string
}

// EventBus takes what is published. Delivery is the bus's own affair: it calls
// the engine (EventSource), or something else does (a DynamoDB stream).
type EventBus interface {
	// Publish hands events over. Nil means that the bus has them all, and
	// orders events of one topic as they stand in the call, and after those of
	// every call that had returned before. An adapter documents what it keeps of
	// that order on delivery and when it repeats an event.
	//
	// ErrThrottled: the bus is full or slowed down; nothing was taken.
	// ErrTooLarge: an event is over what the bus can carry; nothing was taken.
	// ErrInvalid: an event has no topic, or is an EventCatchUp and the bus keeps no
	// order between calls; nothing was taken. Any other error leaves open which of
	// the events were taken.
	Publish(ctx context.Context, events ...Event) error
}

// Unordered is a bus that keeps no order between calls, and carries no EventCatchUp:
// with it there can be no History.
type Unordered interface {
	EventBus
	// Unordered marks the bus.
	Unordered()
}

// DeliverFunc delivers events and returns one verdict per event, in the same
// order: nil when the event is done with, an error when it has to be delivered
// again; ErrUnfinished when it has to be, but did not fail. The engine's Deliver
// is one.
type DeliverFunc func(ctx context.Context, events []Event) []error

// EventSource is a bus that the process pulls from.
type EventSource interface {
	// Consume delivers events until its context ends, then waits for deliveries
	// under way and returns nil; what was not delivered by then stays with the
	// bus. Any other return is an error. Within a topic, an event is delivered
	// only after the verdict on the one before. An event with an error verdict
	// is delivered again, before later events of its topic. A bus that bounds how long
	// it waits gives deliveries a context of Drainable.
	Consume(ctx context.Context, deliver DeliverFunc) error
}
