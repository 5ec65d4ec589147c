package graphqlgo

import (
	"sync"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/document"
	"github.com/fanql/fanql/internal/graphql/sdl"
	"github.com/fanql/fanql/ports"
)

// Schema executes a graphql-go schema. It may be used concurrently.
type Schema struct {
	source    graphql.Schema
	types     *ast.Schema
	leaves    *leaves
	objects   map[string]*object
	abstracts map[string]*abstract
	root      map[ast.Operation]*object
	buffers   sync.Pool // of *execution
}

var _ ports.Schema = (*Schema)(nil)

// New makes a schema of one of graphql-go, which is not to be changed afterwards. It
// fails on what cannot work, and names the type and the field; see the package's
// documentation.
func New(schema graphql.Schema, options ...Option) (*Schema, error) {
	from := newOrigin(schema)
	for _, option := range options {
		if err := option(from); err != nil {
			return nil, err
		}
	}
	if err := check(from); err != nil {
		return nil, err
	}
	return convert(from)
}

// NewSchema is graphql.NewSchema and New.
func NewSchema(config graphql.SchemaConfig, options ...Option) (*Schema, error) {
	schema, err := graphql.NewSchema(config)
	if err != nil {
		return nil, refuse("%w", err)
	}
	return New(schema, options...)
}

// SDL prints the schema in GraphQL's schema definition language, as printSchema of
// graphql-js does. Types and their members are in the order of their names, since
// graphql-go keeps no other.
func (s *Schema) SDL() string { return sdl.Print(s.types, sdl.Options{}) }

// Definitions are the types and directives of the schema, for tools that read
// gqlparser's form of them. They must not be changed.
func (s *Schema) Definitions() *ast.Schema { return s.types }

// Prepare parses and validates a document.
func (s *Schema) Prepare(text string, limits ports.Limits) (ports.Document, ports.ResponseErrors) {
	parsed, errs := document.Prepare(s.types, text, limits)
	if errs != nil {
		return nil, errs
	}
	return s.newDocument(parsed, text)
}
