package graphqlgo

import (
	"sync/atomic"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/input"
)

// object is an object type as the executor needs it. Types are made once, by New,
// and never change, but for the fields of those of introspection.
type object struct {
	name     string
	source   *graphql.Object
	isTypeOf graphql.IsTypeOfFn
	fields   map[string]*field
	// complete makes the fields of a type of introspection; nil for any other. It may
	// be called concurrently and again.
	complete func()
}

// field is one of the object's fields.
func (o *object) field(name string) *field {
	if o.complete != nil {
		o.complete()
	}
	return o.fields[name]
}

// field is a field of an object type.
type field struct {
	name       string
	label      string // Type.field, for errors
	definition *ast.FieldDefinition
	returns    graphql.Output
	output     *output
	resolve    graphql.FieldResolveFn // nil: the default resolver
	subscribe  graphql.FieldResolveFn
	answer     func(source any, arguments map[string]any) any // of introspection
	// arguments are those of a field that is selected without any.
	arguments *input.Template
	// readers are how the default resolver reads the types that it has met.
	readers atomic.Pointer[[]reader]
}

// output is the type of a field or of an item of a list. One of item, leaf, object
// and abstract is set.
type output struct {
	nonNull  bool
	item     *output
	leaf     *leaf
	object   *object
	abstract *abstract
}

// abstract is an interface or a union.
type abstract struct {
	name        string
	resolveType graphql.ResolveTypeFn // nil: IsTypeOf of the possible types decides
	possible    []*object
	has         map[*object]bool // those that are possible
}
