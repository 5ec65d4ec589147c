package graphqlgo

import "github.com/graphql-go/graphql"

// frame is a value that is being written: of a field, or of an item of a list.
type frame struct {
	field    *fieldPlan // nil for an item
	index    int
	nullable bool
	start    int                   // where the value begins
	path     *graphql.ResponsePath // made when somebody asks for it
	span     *span                 // made when a thunk is met within
}

// path leads to the innermost frame.
func (e *execution) path() *graphql.ResponsePath { return e.pathAt(len(e.frames) - 1) }

func (e *execution) pathAt(i int) *graphql.ResponsePath {
	if i < 0 {
		return nil
	}
	f := &e.frames[i]
	if f.path == nil {
		var key any = f.index
		if f.field != nil {
			key = f.field.key
		}
		f.path = e.pathAt(i - 1).WithKey(key)
	}
	return f.path
}

// pop ends the innermost frame.
func (e *execution) pop() {
	last := len(e.frames) - 1
	if s := e.frames[last].span; s != nil {
		s.end = len(e.out)
	}
	e.frames = e.frames[:last]
}
