package core

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/language/ast"

	"github.com/fanql/fanql/ports"
)

// Execute runs one query or mutation that came without a socket: GraphQL over
// HTTP. What the request did wrong is in the response. The error is a
// *ports.Refusal when OnSubscribe refused, and otherwise a failure of that hook
// of which the client is told nothing.
func (e *Engine) Execute(ctx context.Context, request ports.Request) (ports.Response, error) {
	x := &execution{}
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
	prepared, errs := e.prepare(request)
	if errs != nil {
		return rejected(errs), nil
	}
	switch kind := prepared.kind(); {
	case kind == ast.OperationTypeSubscription:
		return notAllowed("a subscription needs a WebSocket"), nil
	case kind == ast.OperationTypeMutation && request.ReadOnly:
		return notAllowed("a mutation needs POST"), nil
	}
	result := e.execute(ctx, x, prepared, nil)
	if result.rejected != nil {
		return rejected(result.rejected), nil
	}
	return ports.Response{Outcome: ports.Executed, Body: result.body}, nil
}

func rejected(errs responseErrors) ports.Response {
	return ports.Response{Outcome: ports.Rejected, Body: errorBody(errs)}
}

func notAllowed(message string) ports.Response {
	return ports.Response{Outcome: ports.NotAllowed, Body: errorBody(newErrors(message))}
}

func errorBody(errs responseErrors) []byte {
	body := append([]byte(`{"errors":`), errs.encode()...)
	return append(body, '}')
}

// result is what one execution came to: a body, or a rejection, or nothing.
type result struct {
	// body is the GraphQL response as JSON.
	body []byte
	// rejected is set when nothing was executed, because of the variables.
	rejected responseErrors
	// skip is set when the subscription's Resolve returned ErrSkip.
	skip bool
}

// execute runs an operation once. The root value is what a delivery hands to the
// subscription's field as p.Source.
func (e *Engine) execute(ctx context.Context, x *execution, p *prepared, root any) result {
	if e.config.Observer != nil {
		var end func(error)
		ctx, end = e.config.Observer.Begin(ctx, ports.Step{Name: ports.StepExecute, Operation: p.kind(), OperationName: p.operationName()})
		defer func() { end(nil) }()
	}
	answer, err := e.run(ctx, e.config.Schema, x, p, root)
	if err != nil {
		return e.broken(ctx, err)
	}
	if beforeExecution(ctx, answer) {
		return result{rejected: formatErrors(answer.Errors)}
	}
	if p.kind() == ast.OperationTypeSubscription && skipped(answer.Errors) {
		return result{skip: true}
	}
	if e.config.EventExtensions && x.event != nil && x.event.ID != "" {
		answer.Extensions = withEvent(answer.Extensions, x.event)
	}
	body, err := encodeResult(answer.Data, e.shown(withExecution(ctx, x), answer.Errors), answer.Extensions)
	if err != nil {
		return e.broken(ctx, err)
	}
	return result{body: body}
}

// withEvent names the event beside what graphql-go's extensions have said.
func withEvent(extensions map[string]any, event *ports.Event) map[string]any {
	named := map[string]any{"event": map[string]string{"id": event.ID, "position": event.Position}}
	maps.Copy(named, extensions)
	return named
}

// run is graphql-go's execution in the context that user code expects.
func (e *Engine) run(ctx context.Context, schema graphql.Schema, x *execution, p *prepared, root any) (*graphql.Result, error) {
	ctx, err := e.newContext(withExecution(ctx, x))
	if err != nil {
		return nil, fmt.Errorf("core.Config.NewContext: %w", err)
	}
	return graphql.Execute(graphql.ExecuteParams{
		Schema: schema, AST: p.document.ast, OperationName: p.name, Args: p.variables, Root: root, Context: ctx,
	}), nil
}

// broken is the result where the user's own code leaves none.
func (e *Engine) broken(ctx context.Context, err error) result {
	e.report(ctx, "executing an operation", err)
	return result{body: []byte(`{"data":null,"errors":[{"message":"` + internalError + `"}]}`)}
}

// internalError is all that a client learns of a failure that is not its own.
const internalError = "internal error"

func (e *Engine) newContext(ctx context.Context) (_ context.Context, err error) {
	defer guard(&err)
	if ctx = e.config.NewContext(ctx); ctx == nil {
		return nil, errors.New("returned a nil context")
	}
	return ctx, nil
}

// beforeExecution reports whether graphql-go gave up before it executed
// anything. It does so for variables that do not fit; every error of execution
// has a path.
func beforeExecution(ctx context.Context, answer *graphql.Result) bool {
	if answer.Data != nil || len(answer.Errors) == 0 || ctx.Err() != nil {
		return false
	}
	for _, err := range answer.Errors {
		if len(err.Path) > 0 {
			return false
		}
	}
	return true
}
