package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/fanql/fanql/ports"
)

// Execute runs one query or mutation that came without a socket: GraphQL over
// HTTP. What the request did wrong is in the response. The error is a
// *ports.Refusal when OnSubscribe refused, and otherwise a failure of that hook
// of which the client is told nothing.
func (e *Engine) Execute(ctx context.Context, request ports.Request) (ports.Response, error) {
	x := &execution{}
	ctx = e.withPublisher(ctx)
	request, errs := e.trusted.resolve(request)
	if errs != nil {
		return rejected(errs), nil
	}
	request, err := e.callOnSubscribe(withExecution(ctx, x), request)
	if err != nil {
		if refused, ok := refusal(err); ok {
			return ports.Response{}, &refused
		}
		e.report(ctx, "OnSubscribe hook", err)
		return ports.Response{}, fmt.Errorf("OnSubscribe hook: %w", err)
	}
	prepared, errs := e.prepare(ctx, request)
	if errs != nil {
		return rejected(errs), nil
	}
	switch kind := prepared.operation.Kind(); {
	case kind == ports.OperationSubscription:
		return notAllowed("a subscription needs a WebSocket"), nil
	case kind == ports.OperationMutation && request.ReadOnly:
		return notAllowed("a mutation needs POST"), nil
	}
	result := e.execute(ctx, x, prepared, nil)
	if result.Rejected != nil {
		return rejected(result.Rejected), nil
	}
	return ports.Response{Outcome: ports.Executed, Body: result.Body}, nil
}

func rejected(errs ports.ResponseErrors) ports.Response {
	return ports.Response{Outcome: ports.Rejected, Body: errorBody(errs)}
}

func notAllowed(message string) ports.Response {
	return ports.Response{Outcome: ports.NotAllowed, Body: errorBody(ports.NewResponseErrors(message))}
}

func errorBody(errs ports.ResponseErrors) []byte {
	return append(errs.AppendJSON([]byte(`{"errors":`)), '}')
}

// execute runs an operation once. The root value is what a delivery hands to the
// subscription's field as its source.
func (e *Engine) execute(ctx context.Context, x *execution, p *prepared, root any) ports.Result {
	if e.config.Observer != nil {
		var end func(error)
		ctx, end = e.config.Observer.Begin(ctx, ports.Step{
			Name: ports.StepExecute, Operation: p.operation.Kind(), OperationName: p.operation.Name(),
		})
		defer func() { end(nil) }()
	}
	prepared, err := e.newContext(withExecution(ctx, x))
	if err != nil {
		e.report(ctx, "executing an operation", err)
		return ports.Result{Body: []byte(`{"data":null,"errors":[{"message":"` + internalError + `"}]}`)}
	}
	call := ports.Call{Root: root, Format: e.public, MaxBytes: e.config.MaxResponseBytes}
	if e.config.EventExtensions && x.event != nil && x.event.ID != "" {
		call.Extensions = map[string]any{"event": map[string]string{"id": x.event.ID, "position": x.event.Position}}
	}
	return p.bound.Execute(prepared, call)
}

// newContext is the context that user code runs in.
func (e *Engine) newContext(ctx context.Context) (context.Context, error) {
	prepared, err := e.callNewContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("core.Config.NewContext: %w", err)
	}
	return prepared, nil
}

func (e *Engine) callNewContext(ctx context.Context) (_ context.Context, err error) {
	defer guard(&err)
	if ctx = e.config.NewContext(ctx); ctx == nil {
		return nil, errors.New("returned a nil context")
	}
	return ctx, nil
}
