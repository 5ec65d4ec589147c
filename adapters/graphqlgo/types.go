package graphqlgo

import (
	"sync/atomic"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/input"
)

// object is an object type as the executor needs it. Types are made once, by New,
// and never change.
type object struct {
	name     string
	source   *graphql.Object
	isTypeOf graphql.IsTypeOfFn
	fields   map[string]*field
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
