// Package input coerces what clients send for arguments and variables, for the
// schema adapters (GraphQL, sections 3.5 to 3.12, 6.1.2 and 6.4.1). Where the
// specification leaves a question, it does as graphql-js 16 does.
//
// What resolvers receive:
//
//	Int                 int
//	Float               float64
//	String, ID          string
//	Boolean             bool
//	enum, other scalar  what Leaves returns
//	list                []any
//	input object        map[string]any
//
// A value that is null is present, as nil; one that is absent has no key.
package input

import (
	"context"
	"errors"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/ports"
)

// Leaves knows the values of enums and of scalars that are not built in. An
// adapter has one for its schema; its methods may be called concurrently. They may
// fail or panic as user code does: the client reads of a failure what
// ports.ErrorFormat makes of it.
type Leaves interface {
	// Enum is the value that resolvers receive for the name of an enum's value; ok
	// is false when there is no such name.
	Enum(of *ast.Definition, name string) (value any, ok bool)
	// Value coerces a value of the variables, as ports.DecodeJSON returns it. It is
	// never nil, and belongs to the callee.
	Value(of *ast.Definition, value any) (any, error)
	// Literal coerces a value of the document or of the schema, which is never the
	// null literal. Where it holds variables, their coerced values are given, which
	// are not to be modified; one that was not provided is not among them.
	Literal(of *ast.Definition, literal *ast.Value, variables map[string]any) (any, error)
}

// Variables coerces the variables of an operation (GraphQL, section 6.1.2,
// CoerceVariableValues). They are encoded as a JSON object, or null, or nothing;
// of a key that is there twice the last one counts. A variable that was not given
// and has no default is not in the map. The map and all lists and input objects in
// it belong to the caller.
//
// The operation is of a valid document. format is asked about each failure of
// leaves.
func Variables(ctx context.Context, schema *ast.Schema, operation *ast.OperationDefinition, encoded []byte, leaves Leaves, format ports.ErrorFormat) (map[string]any, ports.ResponseErrors) {
	given, errs := decode(encoded)
	if errs != nil {
		return nil, errs
	}
	v := variables{coercion: coercion{schema: schema, leaves: leaves, most: maxDefaults}, format: func(err error) *ports.PublicError { return format(ctx, err) }}
	coerced := make(map[string]any, len(operation.VariableDefinitions))
	for _, definition := range operation.VariableDefinitions {
		v.definition = definition
		v.coerceVariable(coerced, given)
		if v.errors.full {
			break
		}
	}
	if len(v.errors.list) > 0 {
		return nil, v.errors.list
	}
	return coerced, nil
}

func decode(encoded []byte) (map[string]any, ports.ResponseErrors) {
	if len(encoded) == 0 {
		return nil, nil
	}
	decoded, err := ports.DecodeJSON(encoded)
	if err != nil {
		return nil, ports.NewResponseErrors("variables must be a JSON object")
	}
	switch decoded := decoded.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return decoded, nil
	default:
		return nil, ports.NewResponseErrors("variables must be a JSON object")
	}
}

// variables coerces the variables of one request, one after the other.
type variables struct {
	coercion
	format     func(error) *ports.PublicError
	definition *ast.VariableDefinition // the one that is being coerced
	path       path                    // in its value
	errors     errorList
}

func (v *variables) coerceVariable(coerced, given map[string]any) {
	name, of := v.definition.Variable, v.definition.Type
	value, ok := given[name]
	switch {
	case ok && value == nil && of.NonNull:
		v.fail("", refusal(`Variable "$%s" of non-null type "%s" must not be null.`, cut(name), typeName(of)))
	case ok:
		coerced[name] = v.value(of, value)
	case v.definition.DefaultValue != nil:
		coerced[name] = v.defaultValue(of, v.definition.DefaultValue)
	case of.NonNull:
		v.fail("", refusal(`Variable "$%s" of required type "%s" was not provided.`, cut(name), typeName(of)))
	}
}

// failAt adds an error about a value within the variable.
func (v *variables) failAt(value any, err error) {
	v.fail(fmt.Sprintf(`Variable "$%s" got invalid value %s%s; `, cut(v.definition.Variable), inspect(value), v.at()), err)
}

// at says where in the variable, if that is within.
func (v *variables) at() string {
	if len(v.path) == 0 {
		return ""
	}
	return fmt.Sprintf(` at "%s"`, v.path.text(v.definition.Variable))
}

func (v *variables) fail(prefix string, err error) {
	e := ports.ResponseError{Message: prefix + err.Error()}
	if failure, ok := errors.AsType[*leafError](err); ok {
		public := v.format(failure.cause)
		e.Message = prefix + fmt.Sprintf(`Expected type "%s". %s`, failure.of.Name, public.Message)
		e.Extensions = public.Extensions
	}
	if at := v.definition.Position; at != nil {
		e.Locations = []ports.Location{{Line: at.Line, Column: at.Column}}
	}
	v.errors.add(e)
}
