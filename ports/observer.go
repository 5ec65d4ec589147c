package ports

import (
	"context"
	"time"
)

// Observer receives what an engine or a publisher does, to make traces and metrics
// of it: package adapters/otel is one. Its methods may be called concurrently,
// must not block, and learn neither payloads nor states.
type Observer interface {
	// Begin starts a step. What happens within it runs in the context that is
	// returned. The function ends the step and is called once, with the error that
	// it came to.
	Begin(ctx context.Context, step Step) (context.Context, func(error))
	// Trace is the context of the present step in a form that travels with an
	// event (Event.Trace), to come back in Step.Traces; nil where there is none.
	Trace(ctx context.Context) map[string]string
	// Count adds up.
	Count(ctx context.Context, counts Counts)
}

// StepName names a step.
type StepName string

// The steps. A delivery holds executions and pushes; a message holds executions,
// pushes, and what its resolvers publish.
const (
	StepConnect    StepName = "connect"    // a handshake
	StepReceive    StepName = "receive"    // one message of a client
	StepDisconnect StepName = "disconnect" // the end of a connection, as its transport tells it
	StepExecute    StepName = "execute"    // one execution of an operation
	StepPublish    StepName = "publish"    // one call of the bus
	StepDeliver    StepName = "deliver"    // events of one topic to all of its subscribers
	StepPush       StepName = "push"       // one frame to one client, or several that leave together
)

// Step describes a step; what does not apply to it is empty.
type Step struct {
	Name       StepName
	Connection ConnectionID
	// Message is the type of the message that is received, as its subprotocol
	// names it; "invalid" for all others.
	Message string
	// Operation is the kind of the operation that is executed, and OperationName its
	// name in the document.
	Operation     OperationKind
	OperationName string
	// Topic is that of the events, if they have one topic only.
	Topic Topic
	// Events is how many events there are, and Traces what came with those of them
	// that have one, each once.
	Events int
	Traces []map[string]string
}

// Counts are numbers to add to those before.
type Counts struct {
	// Connections and Operations count up at a beginning and down at an end. Of a row
	// that expires the end is not counted, and a handshake or a message that is handed
	// over again while its row is there counts up again: a store does not say whether it
	// had the row. Both sums may become too high with time.
	Connections, Operations int
	// Pushed are frames of events that the pusher took; Executed the executions
	// that they cost, so that Pushed / Executed is how far execute-once shares.
	Pushed, Executed int
	// Gone are connections that turned out to have no socket, and Lost subscribers
	// that received an error or a close code that asks them to subscribe again, because an event did not reach them.
	Gone, Lost int
	// Listed are the subscribers that a delivery listed, page after page; Slow the
	// times that one of their connections did not accept an event at once.
	Listed, Slow int
	// PutBehind are subscribers that were live and are to catch up now, because an event
	// did not reach them. CaughtUp are those that are live again, or for the first time,
	// if they resumed.
	PutBehind, CaughtUp int
	// Throttled are pushes that were refused for now, and Retried repeated ones.
	Throttled, Retried int
	// Waited is how long pushes were held up because the transport was throttled as a whole.
	Waited time.Duration
	// Lags are the times from the publishing of an event to the end of its
	// delivery to all subscribers.
	Lags []time.Duration
}
