package delivery

import (
	"context"

	"github.com/fanql/fanql/core/internal/filter"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// members finds every subscriber of a page its group and its filters.
func (f *fanout) members(ctx context.Context, subscribers []ports.Subscriber) []member {
	if len(f.groups) > maxGroups {
		clear(f.groups)
	}
	if len(f.filters) > maxGroups {
		clear(f.filters)
	}
	members := make([]member, len(subscribers))
	for i := range subscribers {
		to := &subscribers[i]
		members[i] = member{Subscriber: to, group: f.group(ctx, to.Request), filter: f.filter(to.Filters)}
	}
	return members
}

func (f *fanout) group(ctx context.Context, request []byte) *group {
	key := f.Sharing.Request(request)
	found := f.groups[string(key)]
	if found != nil {
		return found
	}
	found = &group{results: make([]sharing, len(f.events))}
	found.prepared, found.rejected = f.Runner.PrepareStored(ctx, request)
	f.groups[string(key)] = found
	return found
}

// filter evaluates the conditions of a subscription once for all that have the
// same.
func (f *fanout) filter(encoded []byte) *filtered {
	found := f.filters[string(encoded)]
	if found != nil {
		return found
	}
	conditions := filter.Decode(encoded)
	found = &filtered{perSubscriber: conditions.PerSubscriber, passes: make([]bool, len(f.events))}
	for i := range f.events {
		found.passes[i] = conditions.Pass(f.roots[i])
	}
	f.filters[string(encoded)] = found
	return found
}

// result is what one event is to one subscriber.
func (f *fanout) result(ctx context.Context, index int, to *member) ports.Result {
	switch {
	case to.group.rejected != nil: // the schema has changed since the client subscribed
		return ports.Result{Rejected: to.group.rejected}
	case !to.filter.passes[index]:
		return ports.Result{Skip: true}
	case to.filter.perSubscriber:
		outcome, _ := f.execute(ctx, index, to)
		return outcome
	}
	execute := func(equalStates bool) (ports.Result, run.Scope) {
		outcome, x := f.execute(ctx, index, to)
		return outcome, f.Sharing.Scope(x, equalStates)
	}
	return to.group.results[index].outcome(execute, f.Sharing.State(to.State))
}

// execute runs the operation for one subscriber.
func (f *fanout) execute(ctx context.Context, index int, to *member) (ports.Result, *run.Execution) {
	x := f.execution(index, to.Subscriber)
	f.counts.executed.Add(1)
	return f.Runner.Execute(ctx, x, to.group.prepared, f.roots[index]), x
}

// execution is that of one event for one subscriber.
func (f *fanout) execution(index int, to *ports.Subscriber) *run.Execution {
	return &run.Execution{
		Caller:   run.NewCaller(to.Ref.Connection, to.State),
		Event:    &f.events[index],
		Decoded:  &f.decoded[index],
		Position: f.positions[index],
		CaughtUp: f.caughtUp,
	}
}
