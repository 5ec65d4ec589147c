package graphqlgo

import (
	"context"
	"fmt"
	"reflect"

	"github.com/graphql-go/graphql"
)

// Thunks are values that come later: func() (any, error), the way of data loaders.
// A hole is left in the response for each. Once all that needs no thunk has been
// executed, the thunks are called, in the order of the document; what they return is
// executed, and leaves holes of its own, for the next round. So all resolvers of a
// level are called before any of its thunks.

// deferred is what an execution keeps about thunks.
type deferred struct {
	holes   []*hole // in the order of the places in the buffer
	pending []*hole // of the next round
	cuts    []*span // became null after they were written
	cut     int     // bytes of them
	base    *span   // the value around the hole that is being filled
	root    bool    // the whole data became null
}

// hole is a place in the response whose value comes later.
type hole struct {
	at         int // in the buffer
	field      *fieldPlan
	output     *output
	path       *graphql.ResponsePath
	above      *span // the nearest value around that may be null; nil is the data
	thunk      func() (any, error)
	called     int // thunks
	start, end int // where the value stands in the buffer
}

// span is a value in the buffer that may become null.
type span struct {
	above      *span
	start, end int
	null       bool
}

// function leaves a hole.
func (e *execution) function(f *fieldPlan, of *output, value any) bool {
	thunk := thunkOf(value)
	if thunk == nil {
		return e.fail(f, fmt.Sprintf("Expected a func() (any, error), but found another function for field %q.", f.label), nil)
	}
	h := &hole{at: len(e.out), field: f, output: of, path: e.path(), above: e.spanAt(len(e.frames) - 2), thunk: thunk}
	e.out = append(e.out, ' ') // no two holes are in one place, and no value is empty
	e.deferred.holes = append(e.deferred.holes, h)
	e.deferred.pending = append(e.deferred.pending, h)
	return true
}

// maxThunks is how many thunks may lead to one value, each returning the next.
const maxThunks = 1000

func errThunks() error { return fmt.Errorf("%d thunks have returned a thunk each", maxThunks) }

// thunkOf returns the thunk that a function is, or nil.
func thunkOf(value any) func() (any, error) {
	if thunk, ok := value.(func() (any, error)); ok {
		return thunk
	}
	kind := reflect.TypeFor[func() (any, error)]()
	if v := reflect.ValueOf(value); v.Kind() == reflect.Func && v.CanConvert(kind) {
		return v.Convert(kind).Interface().(func() (any, error))
	}
	return nil
}

// spanAt is the innermost value that may be null, from a frame outwards.
func (e *execution) spanAt(i int) *span {
	for ; i >= 0; i-- {
		f := &e.frames[i]
		if f.span == nil && f.nullable {
			f.span = &span{above: e.spanAt(i - 1), start: f.start}
		}
		if f.span != nil {
			return f.span
		}
	}
	return e.deferred.base
}

// truncate cuts the buffer, and forgets the holes in what is cut off.
func (e *execution) truncate(start int) {
	e.out = e.out[:start]
	d := &e.deferred
	for len(d.holes) > 0 && d.holes[len(d.holes)-1].at >= start {
		d.holes = d.holes[:len(d.holes)-1]
	}
	for len(d.pending) > 0 && d.pending[len(d.pending)-1].at >= start {
		d.pending = d.pending[:len(d.pending)-1]
	}
}

// settle runs the thunks that were met since a place in the buffer, and puts their
// values where they belong. It returns false when the whole data is null, or the
// execution is to stop.
func (e *execution) settle(ctx context.Context, start int) bool {
	d := &e.deferred
	if len(d.pending) == 0 {
		return true
	}
	end := len(e.out)
	if !e.runThunks(ctx) {
		return false
	}
	d.sortCuts()
	e.out = append(e.out[:start], e.stitch(nil, start, end)...)
	e.deferred = deferred{}
	return true
}

// runThunks calls thunks, round after round, until none is left. It returns false
// when the whole data is null, or the execution is to stop.
func (e *execution) runThunks(ctx context.Context) bool {
	d := &e.deferred
	for len(d.pending) > 0 {
		round := d.pending
		d.pending = nil
		for _, h := range round {
			if !h.cancelled() {
				e.fill(ctx, h)
			}
			if d.root || e.stop != going {
				return false
			}
		}
	}
	return true
}

// fill calls the thunk of a hole, and writes its value at the end of the buffer.
func (e *execution) fill(ctx context.Context, h *hole) {
	d := &e.deferred
	value, err := guard(h.thunk)
	if thunk := thunkOf(value); thunk != nil && err == nil {
		if h.called++; h.called < maxThunks {
			h.thunk = thunk
			d.pending = append(d.pending, h)
			return
		}
		err = errThunks()
	}
	d.base, h.start = h.above, len(e.out)
	e.frames = append(e.frames, frame{field: h.field, path: h.path, start: h.start, nullable: !h.output.nonNull})
	var ok bool
	if err != nil {
		ok = e.orNull(e.userError(ctx, h.field, err))
	} else {
		ok = e.orNull(e.complete(ctx, h.field, h.output, value))
	}
	e.pop()
	if !ok && e.stop == going {
		e.truncate(h.start)
		d.nullify(h.above)
	}
	h.end = len(e.out)
}

// nullify makes a value null that is in the buffer.
func (d *deferred) nullify(s *span) {
	if s == nil {
		d.root = true
		return
	}
	s.null = true
	d.cuts = append(d.cuts, s)
	d.cut += s.end - s.start
}

// cancelled reports whether a value around the hole has become null.
func (h *hole) cancelled() bool {
	for s := h.above; s != nil; s = s.above {
		if s.null {
			return true
		}
	}
	return false
}
