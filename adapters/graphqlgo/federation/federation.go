package federation

import (
	"cmp"
	"fmt"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

// Config says what is federated of a schema.
type Config struct {
	// Directives are applied to the schema's definitions, which their schema
	// coordinates name. Default: none.
	Directives map[string][]Directive
	// Entities are the resolvers of the types that have a Key, by the names of the
	// types. An interface may have one as well: then representations may be of the
	// interface, and its ResolveType decides. Default: none.
	Entities map[string]Resolver
	// MaxRepresentations is how many representations one _entities field may be
	// asked for; with more, the field fails. Default: 1000.
	MaxRepresentations int
}

// Schema is a schema of graphql-go with the fields of a subgraph. It may be used
// concurrently.
type Schema struct {
	*graphqlgo.Schema
	sdl string
}

var _ ports.Schema = (*Schema)(nil)

// SDL is what _service answers and composition reads: the schema with the directives of
// the Config, without the fields and types that federation adds.
func (s *Schema) SDL() string { return s.sdl }

// New makes a subgraph of a schema of graphql-go, which is not to be changed
// afterwards. ErrInvalid: the schema or the Config cannot work. The error names the
// definition: a coordinate that leads to nothing, a directive where it cannot be, a key
// field that does not exist, an entity without resolver or a resolver without entity, keys
// that a resolver cannot take, a field of the Subscription type that is shareable.
// What only several subgraphs together can get wrong is found by composition.
func New(schema graphql.Schema, config Config) (*Schema, error) {
	return newSchema(schema, config, nil)
}

// NewSchema is graphql.NewSchema and New. A subgraph that has no query fields of its
// own may leave out the query type.
func NewSchema(config graphql.SchemaConfig, federation Config) (*Schema, error) {
	var service *service
	if config.Query == nil {
		service = newService()
		config.Query = graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{fieldService: service.field()}})
	}
	schema, err := graphql.NewSchema(config)
	if err != nil {
		return nil, refuse("%w", err)
	}
	return newSchema(schema, federation, service)
}

// newSchema is given the service if the query type was made for it.
func newSchema(schema graphql.Schema, config Config, alone *service) (*Schema, error) {
	plain, err := graphqlgo.New(schema)
	if err != nil {
		return nil, err
	}
	s := subgraph{definitions: plain.Definitions(), config: config, added: map[string]bool{}}
	if alone != nil {
		s.added["Query"], s.added[typeService] = true, true
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	made := &Schema{sdl: s.sdl()}
	fields := graphql.Fields{}
	if alone == nil {
		alone = newService()
		fields[fieldService] = alone.field()
	}
	alone.sdl = made.sdl
	if len(s.entities) > 0 {
		fields[fieldEntities] = s.entitiesField(schema)
	}
	made.Schema, err = graphqlgo.New(schema, graphqlgo.QueryFields(fields))
	return made, err
}

// subgraph is what is known of a schema while it is made, and its entities.
type subgraph struct {
	definitions *ast.Schema
	config      Config
	added       map[string]bool // types that are not the schema's own
	external    map[string]bool // coordinates
	entities    map[string]*entity
}

const maxRepresentations = 1000

func (s *subgraph) check() error {
	if s.config.MaxRepresentations < 0 {
		return refuse("federation.Config.MaxRepresentations must not be negative")
	}
	s.config.MaxRepresentations = cmp.Or(s.config.MaxRepresentations, maxRepresentations)
	for _, name := range []string{typeAny, typeEntity, typeService} {
		if s.definitions.Types[name] != nil && !s.added[name] {
			return refuse("the schema has a type %s: the name is federation's", name)
		}
	}
	s.external, s.entities = map[string]bool{}, map[string]*entity{}
	if err := s.checkDirectives(); err != nil {
		return err
	}
	return s.checkEntities()
}

func refuse(format string, args ...any) error {
	return &ports.Error{Op: "federation.New", Kind: ports.ErrInvalid, Err: fmt.Errorf(format, args...)}
}
