package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/ports"
)

var errNoTopic = errors.New("it registered no topic: it has to return what topic.Subscribe returns, or topic.Channel with gqlgen")

// Subscribe runs the Subscribe resolver of a subscription, and returns what it asks
// for. The client goes on where resume says.
func (r *Runner) Subscribe(ctx context.Context, caller *Caller, p *Prepared, resume Resume) (*Subscription, ports.ResponseErrors) {
	x := &Execution{Caller: caller, Subscription: &Subscription{Resume: resume}}
	prepared, err := r.Context(ctx, x)
	if err != nil {
		r.Calls.Report(ctx, "running a Subscribe resolver", err)
		return nil, ports.NewResponseErrors(hooks.InternalError)
	}
	if errs := p.bound.Subscribe(prepared, r.Calls.Public); errs != nil {
		return nil, errs
	}
	switch topics := len(x.Subscription.Topics); {
	case topics == 0:
		r.Calls.Report(ctx, "running a Subscribe resolver", errNoTopic)
		return nil, ports.NewResponseErrors("the Subscribe resolver registered no topic")
	case topics > r.MaxTopics:
		return nil, ports.NewResponseErrors(fmt.Sprintf("a subscription may have at most %d topics", r.MaxTopics))
	}
	return x.Subscription, nil
}

// Execute runs an operation once. The root value is what a delivery hands to the
// subscription's field as its source.
func (r *Runner) Execute(ctx context.Context, x *Execution, p *Prepared, root any) ports.Result {
	if r.Observation.Observer != nil {
		var end func(error)
		ctx, end = r.Observation.Begin(ctx, ports.Step{
			Name: ports.StepExecute, Operation: p.operation.Kind(), OperationName: p.operation.Name(),
		})
		defer func() { end(nil) }()
	}
	prepared, err := r.Context(ctx, x)
	if err != nil {
		r.Calls.Report(ctx, "executing an operation", err)
		return ports.Result{Body: []byte(`{"data":null,"errors":[{"message":"` + hooks.InternalError + `"}]}`)}
	}
	call := ports.Call{Root: root, Format: r.Calls.Public, MaxBytes: r.MaxResponseBytes}
	if event := r.eventExtension(x); event != nil {
		call.Extensions = map[string]any{"event": event}
	}
	return p.bound.Execute(prepared, call)
}

// eventExtension is what a result says about its event: always where a history has
// the event, because a client resumes by its position.
func (r *Runner) eventExtension(x *Execution) map[string]any {
	switch {
	case x.Event == nil:
		return nil
	case x.Gap:
		return map[string]any{"recovered": false}
	case x.Event.ID == "" || x.Position == "" && !r.EventExtensions:
		return nil
	}
	extension := map[string]any{"id": x.Event.ID}
	if x.Position != "" {
		extension["position"] = x.Position
	}
	if x.CaughtUp {
		extension["caughtUp"] = true
	}
	return extension
}

// Context is the context that user code runs in: a resolver, a Subscribe resolver or an
// Initial function.
func (r *Runner) Context(ctx context.Context, x *Execution) (context.Context, error) {
	prepared, err := r.callNewContext(With(ctx, x))
	if err != nil {
		return nil, fmt.Errorf("core.Config.NewContext: %w", err)
	}
	return prepared, nil
}

func (r *Runner) callNewContext(ctx context.Context) (_ context.Context, err error) {
	defer ports.Recover(&err)
	if ctx = r.NewContext(ctx); ctx == nil {
		return nil, errors.New("returned a nil context")
	}
	return ctx, nil
}
