package gqlgen

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/document"
	"github.com/fanql/fanql/internal/graphql/input"
	"github.com/fanql/fanql/ports"
)

var _ ports.Schema = (*Schema)(nil)

// Schema is a schema that gqlgen has generated.
type Schema struct {
	executable graphql.ExecutableSchema
	executor   *executor.Executor
	mutators   []graphql.OperationContextMutator
	presenter  graphql.ErrorPresenterFunc // nil: errors are masked
	recoverer  graphql.RecoverFunc        // nil: gqlgen's text stands for a panic
	recovered  graphql.RecoverFunc
	fields     graphql.FieldMiddleware
	rootFields graphql.RootFieldMiddleware
}

// New takes a schema that gqlgen has generated. Extensions are called in the order
// of their options, the first one outermost. ErrInvalid: the schema is nil, or an
// option cannot work, which the error names.
func New(schema graphql.ExecutableSchema, options ...Option) (*Schema, error) {
	if ports.IsMissing(schema) {
		return nil, refuse("the schema is nil")
	}
	s := &Schema{executable: schema, executor: executor.New(schema)}
	s.recovered = s.recover
	s.executor.SetErrorPresenter(s.present)
	s.executor.SetRecoverFunc(s.recovered)
	for _, option := range options {
		if err := option(s); err != nil {
			return nil, err
		}
	}
	s.executor.Use(streams{})
	// What is around fields is found in the context of any operation, even of one
	// that cannot be parsed.
	template, _ := s.executor.CreateOperationContext(graphql.StartOperationTrace(context.Background()), &graphql.RawParams{})
	s.fields, s.rootFields = template.ResolverMiddleware, guardRoot(template.RootResolverMiddleware)
	return s, nil
}

// Prepare implements ports.Schema.
func (s *Schema) Prepare(text string, limits ports.Limits) (ports.Document, ports.ResponseErrors) {
	parsed, errs := document.Prepare(s.executable.Schema(), text, limits)
	if errs != nil {
		return nil, errs
	}
	ignoreDefer(parsed)
	return &prepared{schema: s, text: text, parsed: parsed}, nil
}

// prepared is a document that is valid.
type prepared struct {
	schema *Schema
	text   string
	parsed *ast.QueryDocument
}

// Operation implements ports.Document.
func (d *prepared) Operation(name string) (ports.OperationDefinition, ports.ResponseErrors) {
	found, errs := document.Operation(d.parsed, name)
	if errs != nil {
		return nil, errs
	}
	return &operation{prepared: d, definition: found}, nil
}

// bytesOfText is about how many bytes a parsed document takes for one of its text.
const bytesOfText = 40

// Cost implements ports.Document.
func (d *prepared) Cost() int { return len(d.text) * bytesOfText }

// operation is one operation of a document.
type operation struct {
	*prepared
	definition *ast.OperationDefinition
}

// Kind implements ports.OperationDefinition.
func (o *operation) Kind() ports.OperationKind {
	return ports.OperationKind(o.definition.Operation)
}

// Name implements ports.OperationDefinition.
func (o *operation) Name() string { return o.definition.Name }

// Bind implements ports.OperationDefinition.
func (o *operation) Bind(ctx context.Context, variables []byte, format ports.ErrorFormat) (ports.BoundOperation, ports.ResponseErrors) {
	coerced, errs := input.Variables(ctx, o.schema.executable.Schema(), o.definition, variables, leaves{}, format)
	if errs != nil {
		return nil, errs
	}
	numbered(coerced)
	return &bound{operation: o, variables: coerced}, nil
}
