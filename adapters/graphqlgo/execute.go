package graphqlgo

import (
	"context"
	"errors"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/internal/graphql/input"
	"github.com/fanql/fanql/ports"
)

// Execute executes the operation once.
func (b *bound) Execute(ctx context.Context, call ports.Call) ports.Result {
	s := b.operation.document.schema
	e, _ := s.buffers.Get().(*execution)
	if e == nil {
		e = &execution{}
	}
	e.schema, e.bound, e.call = s, b, call
	defer s.release(e)
	e.call.Root = input.Clone(call.Root) // which other executions have as well
	source := e.call.Root
	if source == nil {
		source = map[string]any{} // as graphql-go does
	}
	e.operation(ctx, source)
	return e.result()
}

// release keeps the buffers of an execution for the next one.
func (s *Schema) release(e *execution) {
	if cap(e.out) > maxKeptBytes {
		return
	}
	clear(e.frames[:cap(e.frames)])
	*e = execution{out: e.out[:0], frames: e.frames[:0]}
	s.buffers.Put(e)
}

// maxKeptBytes is the largest buffer that is kept for the next execution.
const maxKeptBytes = 64 << 10

// execution writes the response of one operation, depth first. Where a value is null
// although it must not be, a method returns false, and what was written since the
// nearest place that may be null is cut off (GraphQL, section 6.4.4).
type execution struct {
	schema    *Schema
	bound     *bound
	call      ports.Call
	variables map[string]any // for resolvers; made when the first one is called
	out       []byte
	frames    []frame // the values that are being written, from the outside
	errors    ports.ResponseErrors
	errorSize int
	stop      stop
	deferred  deferred
}

// stop is why an execution ends before its end.
type stop int

const (
	going stop = iota
	skipped
	tooLarge
)

func (e *execution) operation(ctx context.Context, source any) {
	e.out = append(e.out, `{"data":`...)
	start := len(e.out)
	if !e.fields(ctx, e.bound.plan.root, source) || !e.settle(ctx, start) {
		e.out = append(e.out[:start], "null"...)
	}
}

// fields executes the fields of an object in the order of the document.
func (e *execution) fields(ctx context.Context, s *selection, source any) bool {
	if s.failure != nil {
		failed := *s.failure
		failed.Path = e.path().AsArray()
		return e.add(failed)
	}
	e.out = append(e.out, '{')
	serial := s == e.bound.plan.root && e.bound.operation.Kind() == ports.OperationMutation
	for i := range s.fields {
		f := &s.fields[i]
		prefix := f.prefix
		if i == 0 {
			prefix = prefix[1:]
		}
		e.out = append(e.out, prefix...)
		start := len(e.out)
		if !e.field(ctx, f, source) {
			return false
		}
		if serial && !e.settle(ctx, start) {
			return false
		}
	}
	e.out = append(e.out, '}')
	return true
}

func (e *execution) field(ctx context.Context, f *fieldPlan, source any) bool {
	if f.typename != nil {
		e.out = append(e.out, f.typename...)
		return e.within()
	}
	e.frames = append(e.frames, frame{field: f, path: f.path, start: len(e.out), nullable: !f.output.nonNull})
	ok := e.orNull(e.value(ctx, f, source))
	e.pop()
	return ok
}

// value resolves a field and writes its value.
func (e *execution) value(ctx context.Context, f *fieldPlan, source any) bool {
	if f.answer != nil {
		arguments, err := f.arguments.Map(e.bound.variables)
		if err != nil {
			return e.userError(ctx, f, err)
		}
		return e.complete(ctx, f, f.output, f.answer(source, arguments))
	}
	if f.resolve != nil {
		value, err := e.resolve(ctx, f, source, f.resolve)
		return e.completeResolved(ctx, f, value, err)
	}
	if len(f.definition.Arguments) > 0 { // nobody reads them, but they may be wrong
		if _, err := f.arguments.Map(e.bound.variables); err != nil {
			return e.userError(ctx, f, err)
		}
	}
	return e.read(ctx, f, source)
}

func (e *execution) completeResolved(ctx context.Context, f *fieldPlan, value any, err error) bool {
	if err != nil {
		return e.userError(ctx, f, err)
	}
	return e.complete(ctx, f, f.output, value)
}

// orNull writes null for the value of the innermost frame if that failed and may be
// null.
func (e *execution) orNull(ok bool) bool {
	if ok {
		return e.within()
	}
	top := &e.frames[len(e.frames)-1]
	if !top.nullable || e.stop != going {
		return false
	}
	e.truncate(top.start)
	e.out = append(e.out, "null"...)
	return e.within()
}

// within reports whether the response is as short as it may be, and stops the
// execution if not.
func (e *execution) within() bool {
	if e.call.MaxBytes > 0 && len(e.out)+e.errorSize-e.deferred.cut > e.call.MaxBytes {
		e.stop = tooLarge
		return false
	}
	return true
}

// resolve calls the resolver of a field.
func (e *execution) resolve(ctx context.Context, f *fieldPlan, source any, resolve graphql.FieldResolveFn) (value any, err error) {
	params, err := e.params(ctx, f, source)
	if err != nil {
		return nil, err
	}
	defer ports.Recover(&err)
	return resolve(params)
}

func (e *execution) params(ctx context.Context, f *fieldPlan, source any) (graphql.ResolveParams, error) {
	arguments, err := f.arguments.Map(e.bound.variables)
	return graphql.ResolveParams{Source: source, Args: arguments, Info: e.info(f), Context: ctx}, err
}

func (e *execution) info(f *fieldPlan) graphql.ResolveInfo {
	if e.variables == nil {
		e.variables, _ = input.Clone(e.bound.variables).(map[string]any)
	}
	info := f.info
	info.Path, info.RootValue, info.VariableValues = e.path(), e.call.Root, e.variables
	return info
}

// userError adds an error of user code at the innermost frame. The field of a
// subscription may ask that nothing is sent.
func (e *execution) userError(ctx context.Context, f *fieldPlan, err error) bool {
	if f.isRoot && e.path().Prev == nil && e.bound.operation.Kind() == ports.OperationSubscription && errors.Is(err, ports.ErrSkip) {
		e.stop = skipped
		return false
	}
	public := e.call.Format(ctx, f.failed(err))
	return e.fail(f, public.Message, public.Extensions)
}

// fail adds an error at the innermost frame, and returns false.
func (e *execution) fail(f *fieldPlan, message string, extensions map[string]any) bool {
	return e.add(ports.ResponseError{Message: message, Locations: f.locations, Path: e.path().AsArray(), Extensions: extensions})
}

func (e *execution) add(failed ports.ResponseError) bool {
	e.errors = append(e.errors, failed)
	if e.call.MaxBytes > 0 {
		e.errorSize += len(ports.ResponseErrors{failed}.AppendJSON(e.out[len(e.out):]))
	}
	return false
}
