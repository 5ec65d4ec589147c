// Package graphqlgo executes schemas of github.com/graphql-go/graphql (0.8.1). Types
// and resolvers are graphql-go's own; documents, coercion and execution are not: an
// operation is planned once, and executed straight into JSON, any number of times
// (GraphQL, October 2021; graphql-js 16 where it leaves a question).
//
// # What resolvers may rely on
//
// graphql.ResolveParams is whole. Args is a map of the call's own, never nil, and so
// are the lists and input objects in it. Info has graphql-go's nodes, types and path;
// Info.VariableValues belongs to the execution, and so does the source of the
// operation's own fields, which is an empty map where there is none.
//
// Default resolvers look where graphql-go's do, in its order: FieldResolver; a field
// of a struct, by its name in whatever case or by a json or graphql tag; a map whose
// keys are strings, where a func() any is called. After that come the fields of
// embedded structs, as encoding/json promotes them. Fields that are not exported are
// no fields.
//
// A resolver may return a thunk, func() (any, error), or a list of them. All
// resolvers of a level are called before the first of its thunks, and thunks in the
// order of the document, so a data loader gets one batch per level. Nothing runs in a
// goroutine. The fields of a mutation are executed one after the other, each with its
// thunks.
//
// ResolveType decides about an abstract type, or else IsTypeOf of its possible types,
// in the order of a union, or of their names. An object's own IsTypeOf is asked as
// well. Info.Path of both leads to the value, also within a list.
//
// A panic of user code, whatever its value, is an error of its field, and private.
// What graphql-go's errors were made of is found by errors.Is and errors.As.
//
// # What differs from graphql-go's executor
//
//   - Values. A value beside an error is null. A result that its type cannot represent
//     is null with an error: an Int of more than 32 bits, a Float that is not finite,
//     an unknown enum value, a Serialize that returns nil. A nil slice is an empty list
//     still, a nil pointer null.
//   - Inputs are coerced by the specification. Resolvers receive int, float64, string,
//     bool, []any, map[string]any, the values of enums and what scalars parse. null is
//     present, as nil; what is absent has no key. Nil of ParseValue and ParseLiteral
//     means that the value is not of the type.
//   - Numbers keep their digits. ParseValue, and the payload of an event, have an int
//     for a whole number that fits, else a float64 if that is exact, else a json.Number.
//   - ParseLiteral finds the values of variables in the place of their names, and
//     [NullValue] for a null within a list or an object, since graphql-go has no node
//     for it.
//   - Loc of a node spans the first token of what it stands for, in Unicode code
//     points.
//   - Introspection is that of October 2021; the directives @skip, @include,
//     @deprecated and @specifiedBy are always there.
//   - Order. A response, and its errors, are in the order of the document. Of several
//     names of one enum value, the first by name is written.
//
// # What New refuses
//
// A subscription field without Subscribe or without Resolve. A scalar without
// ParseValue and ParseLiteral in an argument or an input object, and one of the name
// of a built-in. An abstract type without ResolveType that has a possible type
// without IsTypeOf. Extensions of graphql-go (SchemaConfig.Extensions), which are not
// called. Names that begin with __, types that were added after graphql.NewSchema, and
// default values that are not of their type.
package graphqlgo
