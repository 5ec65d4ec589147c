package gqlgen

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/fanql/fanql/ports"
)

// refuse is why New fails.
func refuse(format string, args ...any) error {
	return &ports.Error{Op: "gqlgen.New", Kind: ports.ErrInvalid, Err: fmt.Errorf(format, args...)}
}

// formatted marks an error that the engine's ErrorFormat was asked about.
type formatted struct{ error }

// Unwrap is the error as it was.
func (f formatted) Unwrap() error { return f.error }

// panicked is a panic of user code.
type panicked struct {
	cause error // for the engine
	shown error // for the presenter
}

func newPanicked(value any) *panicked {
	return &panicked{cause: fmt.Errorf("%w%s", ports.Panicked(value), callers()), shown: errors.New("internal system error")}
}

// maxCallers is how many calls are named with a panic. Those further out are of gqlgen
// and the engine.
const maxCallers = 5

// callers are the innermost calls at a panic that is being recovered from, a line each.
func callers() string {
	var lines strings.Builder
	counters := make([]uintptr, 64)
	frames := runtime.CallersFrames(counters[:runtime.Callers(1, counters)])
	panicking, named := false, 0
	for more := true; more && named < maxCallers; {
		var frame runtime.Frame
		frame, more = frames.Next()
		switch ofRuntime := strings.HasPrefix(frame.Function, "runtime."); {
		case frame.Function == "runtime.gopanic":
			panicking = true
		case panicking && !ofRuntime:
			named++
			fmt.Fprintf(&lines, "\n\tat %s (%s:%d)", frame.Function, frame.File, frame.Line)
		}
	}
	return lines.String()
}

// Error is what a presenter may show.
func (p *panicked) Error() string { return p.shown.Error() }

// Unwrap is what RecoverFunc has made of the panic.
func (p *panicked) Unwrap() error { return p.shown }

// recover is the executor's RecoverFunc.
func (s *Schema) recover(ctx context.Context, value any) error {
	p := newPanicked(value)
	if s.recoverer == nil {
		return p
	}
	shown, err := guarded(func() error { return s.recoverer(ctx, value) })
	if err != nil || shown == nil {
		return p
	}
	p.shown = shown
	p.cause = fmt.Errorf("%w\nrecovered as %w", p.cause, shown)
	return p
}

// guarded calls user code where gqlgen lets nothing recover from a panic.
func guarded[T any](call func() T) (result T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = newPanicked(r)
		}
	}()
	return call(), nil
}

// present is the executor's error presenter. It is called once for each error of a
// resolver or of gqlgen itself.
func (s *Schema) present(ctx context.Context, err error) *gqlerror.Error {
	x := executionFrom(ctx)
	at := graphql.DefaultErrorPresenter(ctx, err)
	if x.skipped {
		return at // is read by nobody
	}
	if s.presenter == nil {
		return x.formatError(ctx, at, err)
	}
	presented, panicking := guarded(func() *gqlerror.Error { return s.presenter(ctx, err) })
	switch {
	case panicking != nil:
		return x.formatError(ctx, at, panicking)
	case presented == nil: // the presenter leaves it out
		_ = x.format(ctx, failed(ctx, err))
		return nil
	}
	return x.formatError(ctx, presented, public(presented, err))
}

// public is an error whose text somebody has decided to show.
func public(presented *gqlerror.Error, err error) error {
	return &ports.PublicError{Message: presented.Message, Extensions: presented.Extensions, Err: causeOf(err)}
}

// causeOf is what the engine is given of an error: what user code failed with,
// without what gqlgen has put around it.
func causeOf(err error) error {
	if p, ok := errors.AsType[*panicked](err); ok {
		return p.cause
	}
	if wrapped, ok := err.(*gqlerror.Error); ok && wrapped.Err != nil { //nolint:errorlint // the outermost one is gqlgen's
		return wrapped.Err
	}
	return err
}

// failed is what the engine is asked about, with the field that ctx is of.
func failed(ctx context.Context, err error) error {
	at := graphql.GetFieldContext(ctx)
	if at == nil || at.Field.Field == nil {
		return causeOf(err)
	}
	return &ports.FieldError{Field: at.Object + "." + at.Field.Name, Err: causeOf(err)}
}

// formatError asks the engine what a client may read of an error; at has its place.
func (x *execution) formatError(ctx context.Context, at *gqlerror.Error, err error) *gqlerror.Error {
	shown := x.format(ctx, failed(ctx, err))
	return &gqlerror.Error{
		Err:        formatted{err},
		Message:    shown.Message,
		Path:       at.Path,
		Locations:  at.Locations,
		Extensions: shown.Extensions,
	}
}

// failed are the errors of an execution that came to nothing.
func (x *execution) failed(ctx context.Context, err error) gqlerror.List {
	return gqlerror.List{x.formatError(ctx, &gqlerror.Error{}, err)}
}

// responseErrors are the errors of a response in the engine's form. Those that an
// extension has put there by itself are shown, if the engine agrees.
func (x *execution) responseErrors(ctx context.Context, errs gqlerror.List) ports.ResponseErrors {
	var list ports.ResponseErrors
	for _, err := range errs {
		if err == nil {
			continue
		}
		if _, ok := err.Err.(formatted); !ok { //nolint:errorlint // one that wraps it is not ours
			err = x.formatError(ctx, err, public(err, err))
		}
		list = append(list, responseError(err))
	}
	return list
}

func responseError(err *gqlerror.Error) ports.ResponseError {
	e := ports.ResponseError{Message: err.Message, Extensions: err.Extensions}
	for _, at := range err.Locations {
		if at.Line > 0 {
			e.Locations = append(e.Locations, ports.Location{Line: at.Line, Column: at.Column})
		}
	}
	for _, element := range err.Path {
		switch element := element.(type) {
		case ast.PathName:
			e.Path = append(e.Path, string(element))
		case ast.PathIndex:
			e.Path = append(e.Path, int(element))
		}
	}
	return e
}
