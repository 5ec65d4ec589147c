// Package input coerces what clients send for arguments and variables, for the
// schema adapters (GraphQL, sections 3.5 to 3.12, 5.6, 6.1.2 and 6.4.1).
package input

import (
	"context"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/ports"
)

// Leaves turns the inputs of scalars and enums into the values that resolvers
// receive. An error that is a *ports.PublicError may be read by the client.
type Leaves interface {
	// Value is for a value of the variables, as ports.DecodeJSON returns it; never
	// nil.
	Value(ctx context.Context, of *ast.Definition, value any) (any, error)
	// Literal is for a value of the document; never null. It may hold variables,
	// whose coerced values it is given.
	Literal(ctx context.Context, of *ast.Definition, literal *ast.Value, variables map[string]any) (any, error)
}

// Variables coerces the variables of an operation (GraphQL, section 6.1.2,
// CoerceVariableValues). A variable that was not given and has no default is not
// in the map.
func Variables(ctx context.Context, schema *ast.Schema, operation *ast.OperationDefinition, encoded []byte, leaves Leaves) (map[string]any, ports.ResponseErrors) {
	_, _, _, _, _ = ctx, schema, operation, encoded, leaves
	return nil, ports.NewResponseErrors("not built yet")
}
