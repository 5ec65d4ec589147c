package run

import (
	"context"
	"fmt"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/ports"
)

// NeedsPost is what a client reads of a mutation in a request that is read-only.
const NeedsPost = "a mutation needs POST"

// Request runs one query or mutation that came without a socket: GraphQL over
// HTTP; core.Engine.Execute has the contract.
func (r *Runner) Request(ctx context.Context, request ports.Request) (ports.Response, error) {
	x := &Execution{}
	admitted, errs, err := r.Admit(ctx, x, request)
	switch {
	case err != nil:
		if refused, ok := hooks.Refusal(err); ok {
			return ports.Response{}, &refused
		}
		r.Calls.Report(ctx, "OnSubscribe hook", err)
		return ports.Response{}, fmt.Errorf("OnSubscribe hook: %w", err)
	case errs != nil:
		return rejected(errs), nil
	}
	p, errs := r.Prepare(ctx, admitted)
	if errs != nil {
		return rejected(errs), nil
	}
	switch kind := p.Kind(); {
	case kind == ports.OperationSubscription:
		return refused(ports.NeedsStream, "a subscription needs a WebSocket"), nil
	case kind == ports.OperationMutation && request.ReadOnly:
		return refused(ports.NotAllowed, NeedsPost), nil
	}
	result := r.Execute(ctx, x, p, nil)
	if result.Rejected != nil {
		return rejected(result.Rejected), nil
	}
	return ports.Response{Outcome: ports.Executed, Body: result.Body}, nil
}

func rejected(errs ports.ResponseErrors) ports.Response {
	return ports.Response{Outcome: ports.Rejected, Body: errorBody(errs)}
}

func refused(outcome ports.Outcome, message string) ports.Response {
	return ports.Response{Outcome: outcome, Body: errorBody(ports.NewResponseErrors(message))}
}

func errorBody(errs ports.ResponseErrors) []byte {
	return append(errs.AppendJSON([]byte(`{"errors":`)), '}')
}
