// Package graphqlgo makes schemas of github.com/graphql-go/graphql the engine's.
package graphqlgo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/gqlerrors"
	"github.com/graphql-go/graphql/language/ast"
	"github.com/graphql-go/graphql/language/parser"
	"github.com/graphql-go/graphql/language/source"

	"github.com/fanql/fanql/ports"
)

// Schema is a schema of graphql-go, executed by graphql-go.
type Schema struct {
	schema, subscribe graphql.Schema
}

// NewSchema is graphql.NewSchema and New.
func NewSchema(config graphql.SchemaConfig) (*Schema, error) {
	schema, err := graphql.NewSchema(config)
	if err != nil {
		return nil, err
	}
	return New(schema)
}

// New makes a schema the engine's.
func New(schema graphql.Schema) (*Schema, error) {
	subscribe, err := newSubscribeSchema(schema)
	return &Schema{schema, subscribe}, err
}

func newSubscribeSchema(schema graphql.Schema) (graphql.Schema, error) {
	original := schema.SubscriptionType()
	if original == nil {
		return schema, nil
	}
	fields := graphql.Fields{}
	for name, definition := range original.Fields() {
		args := graphql.FieldConfigArgument{}
		for _, a := range definition.Args {
			args[a.Name()] = &graphql.ArgumentConfig{Type: a.Type, DefaultValue: a.DefaultValue}
		}
		fields[name] = &graphql.Field{Type: graphql.Boolean, Args: args, Resolve: func(p graphql.ResolveParams) (any, error) {
			if definition.Subscribe == nil {
				return nil, fmt.Errorf("the field %q has no Subscribe resolver", definition.Name)
			}
			_, err := definition.Subscribe(p)
			return nil, err
		}}
	}
	var types []graphql.Type
	for name, kind := range schema.TypeMap() {
		if name != original.Name() {
			types = append(types, kind)
		}
	}
	return graphql.NewSchema(graphql.SchemaConfig{
		Query: schema.QueryType(), Mutation: schema.MutationType(), Types: types, Directives: schema.Directives(),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: original.Name(), Fields: fields}),
	})
}

type document struct {
	schema *Schema
	text   string
	ast    *ast.Document
}

// Prepare implements ports.Schema.
func (s *Schema) Prepare(text string, _ ports.Limits) (ports.Document, ports.ResponseErrors) {
	tree, err := parser.Parse(parser.ParseParams{Source: source.NewSource(&source.Source{Body: []byte(text), Name: "GraphQL request"})})
	if err != nil {
		return nil, ports.NewResponseErrors(err.Error())
	}
	if result := graphql.ValidateDocument(&s.schema, tree, graphql.SpecifiedRules); !result.IsValid {
		return nil, formatted(result.Errors)
	}
	return &document{s, text, tree}, nil
}

func formatted(errs []gqlerrors.FormattedError) ports.ResponseErrors {
	list := make(ports.ResponseErrors, len(errs))
	for i, err := range errs {
		list[i] = ports.ResponseError{Message: err.Message, Path: err.Path, Extensions: err.Extensions}
		for _, l := range err.Locations {
			list[i].Locations = append(list[i].Locations, ports.Location{Line: l.Line, Column: l.Column})
		}
	}
	return list
}

func (d *document) Cost() int { return 10 * len(d.text) }

type operation struct {
	*document
	definition *ast.OperationDefinition
}

// Operation implements ports.Document.
func (d *document) Operation(name string) (ports.OperationDefinition, ports.ResponseErrors) {
	var found *ast.OperationDefinition
	n := 0
	for _, definition := range d.ast.Definitions {
		if o, ok := definition.(*ast.OperationDefinition); ok {
			if n++; name == "" || o.Name != nil && o.Name.Value == name {
				found = o
			}
		}
	}
	switch {
	case name == "" && n > 1:
		return nil, ports.NewResponseErrors("operationName is required: the document has several operations")
	case found == nil && name == "":
		return nil, ports.NewResponseErrors("the document has no operation")
	case found == nil:
		return nil, ports.NewResponseErrors(fmt.Sprintf("operationName: the document has no operation named %q", name))
	}
	return &operation{d, found}, nil
}

func (o *operation) Kind() ports.OperationKind { return ports.OperationKind(o.definition.Operation) }
func (o *operation) Name() string {
	if o.definition.Name == nil {
		return ""
	}
	return o.definition.Name.Value
}

type bound struct {
	*operation
	variables map[string]any
}

// Bind implements ports.OperationDefinition.
func (o *operation) Bind(_ context.Context, variables []byte, _ ports.ErrorFormat) (ports.BoundOperation, ports.ResponseErrors) {
	b := &bound{operation: o}
	if len(variables) > 0 {
		if err := json.Unmarshal(variables, &b.variables); err != nil {
			return nil, ports.NewResponseErrors("variables must be a JSON object")
		}
	}
	return b, nil
}

func (b *bound) run(ctx context.Context, schema graphql.Schema, root any) *graphql.Result {
	return graphql.Execute(graphql.ExecuteParams{Schema: schema, AST: b.ast, OperationName: b.Name(), Args: b.variables, Root: root, Context: ctx})
}

// Subscribe implements ports.BoundOperation.
func (b *bound) Subscribe(ctx context.Context, format ports.ErrorFormat) ports.ResponseErrors {
	answer := b.run(ctx, b.schema.subscribe, nil)
	if len(answer.Errors) == 0 {
		return nil
	}
	return shown(ctx, answer.Errors, format)
}

// Execute implements ports.BoundOperation.
func (b *bound) Execute(ctx context.Context, call ports.Call) ports.Result {
	answer := b.run(ctx, b.schema.schema, call.Root)
	if answer.Data == nil && len(answer.Errors) > 0 && len(answer.Errors[0].Path) == 0 {
		return ports.Result{Rejected: formatted(answer.Errors)}
	}
	for _, err := range answer.Errors {
		if len(err.Path) == 1 && errors.Is(original(err), ports.ErrSkip) {
			return ports.Result{Skip: true}
		}
	}
	data, err := json.Marshal(answer.Data)
	if err != nil {
		return ports.Result{Body: []byte(`{"data":null,"errors":[{"message":"internal error"}]}`)}
	}
	body := append([]byte(`{"data":`), data...)
	if len(answer.Errors) > 0 {
		body = shown(ctx, answer.Errors, call.Format).AppendJSON(append(body, `,"errors":`...))
	}
	extensions := map[string]any{}
	maps.Copy(extensions, call.Extensions)
	if len(extensions) > 0 {
		encoded, _ := json.Marshal(extensions)
		body = append(append(body, `,"extensions":`...), encoded...)
	}
	return ports.Result{Body: append(body, '}')}
}

func shown(ctx context.Context, errs []gqlerrors.FormattedError, format ports.ErrorFormat) ports.ResponseErrors {
	list := formatted(errs)
	for i := range list {
		if len(list[i].Path) > 0 && !strings.HasPrefix(list[i].Message, "Cannot return null") {
			public := format(ctx, original(errs[i]))
			list[i].Message, list[i].Extensions = public.Message, public.Extensions
		}
	}
	return list
}

func original(err error) error {
	for {
		switch wrapped := err.(type) {
		case gqlerrors.FormattedError:
			if wrapped.OriginalError() == nil {
				return err
			}
			err = wrapped.OriginalError()
		case *gqlerrors.Error:
			if wrapped.OriginalError == nil {
				return err
			}
			err = wrapped.OriginalError
		default:
			return err
		}
	}
}
