package local

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
)

// Function is what a gateway invokes: an event in JSON goes in, an answer in JSON
// comes out. NewFunction makes one of a Go handler, and runtime.New of a program.
//
// An apigw.Handler is one. What lambda.NewHandler makes fits, but is good for one
// invocation at a time: they all share one buffer.
type Function interface {
	// Invoke runs one invocation. An error stands for a function that failed. The
	// context ends when nobody waits for the answer any more. It is called
	// concurrently.
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// NewFunction returns a function that runs in this process: handler is one that
// lambda.Start takes. A panic fails the invocation.
func NewFunction[Event, Answer any](handler func(context.Context, Event) (Answer, error)) Function {
	return goFunction[Event, Answer](handler)
}

type goFunction[Event, Answer any] func(context.Context, Event) (Answer, error)

// Invoke decodes the event, calls the handler and encodes its answer.
func (handler goFunction[Event, Answer]) Invoke(ctx context.Context, payload []byte) (_ []byte, err error) {
	defer recoverTo(&err)
	var event Event
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	answer, err := handler(ctx, event)
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

// invokeFunction invokes a function of this process or of another. A panic fails
// the invocation, and not the gateway.
func invokeFunction(ctx context.Context, function Function, payload []byte) (_ []byte, err error) {
	defer recoverTo(&err)
	return function.Invoke(ctx, payload)
}

func recoverTo(err *error) {
	if value := recover(); value != nil {
		*err = fmt.Errorf("panic: %v\n%s", value, debug.Stack())
	}
}
