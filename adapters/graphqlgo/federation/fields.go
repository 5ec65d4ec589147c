package federation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/graphql-go/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/internal/graphql/sdl"
	"github.com/fanql/fanql/ports"
)

// What federation adds to a schema, by the subgraph specification.
const (
	fieldService, fieldEntities      = "_service", "_entities"
	typeService, typeEntity, typeAny = "_Service", "_Entity", "_Any"
	argumentRepresentations          = "representations"
)

// service is the field _service.
type service struct{ sdl string }

func newService() *service { return &service{} }

func (s *service) field() *graphql.Field {
	of := graphql.NewObject(graphql.ObjectConfig{Name: typeService, Fields: graphql.Fields{
		"sdl": {Type: graphql.NewNonNull(graphql.String), Resolve: func(graphql.ResolveParams) (any, error) { return s.sdl, nil }},
	}})
	return &graphql.Field{Type: graphql.NewNonNull(of), Resolve: func(graphql.ResolveParams) (any, error) { return s, nil }}
}

// sdl is the schema with its directives, of the earliest version of Federation 2
// that has them all.
func (s *subgraph) sdl() string {
	minor, used := 0, map[string]bool{}
	for coordinate, list := range s.config.Directives {
		for _, d := range list {
			minor, used[`"@`+d.name+`"`] = max(minor, d.since), true
			if of := s.definitions.Types[coordinate]; d.name == "key" && of != nil && of.Kind == ast.Interface {
				minor = max(minor, sinceInterfaceKey)
			}
		}
	}
	link := fmt.Sprintf(`extend schema @link(url: "https://specs.apollo.dev/federation/v2.%d"`, minor)
	if len(used) > 0 {
		link += ", import: [" + strings.Join(slices.Sorted(maps.Keys(used)), ", ") + "]"
	}
	text := sdl.Print(s.definitions, sdl.Options{
		Omit: func(name string) bool { return s.added[name] },
		Applied: func(coordinate string) []string {
			var texts []string
			for _, d := range s.config.Directives[coordinate] {
				texts = append(texts, d.String())
			}
			return texts
		},
	})
	return strings.TrimSpace(link + ")\n\n" + text)
}

// entitiesField is the field _entities.
func (s *subgraph) entitiesField(schema graphql.Schema) *graphql.Field {
	var members []*graphql.Object
	for _, name := range slices.Sorted(maps.Keys(s.entities)) {
		if object, ok := schema.Type(name).(*graphql.Object); ok {
			members = append(members, object)
		}
	}
	of := graphql.NewUnion(graphql.UnionConfig{
		Name: typeEntity, Types: members,
		ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return nil }, // the values are graphqlgo.Typed
	})
	return &graphql.Field{
		Type:    graphql.NewNonNull(graphql.NewList(of)),
		Args:    graphql.FieldConfigArgument{argumentRepresentations: {Type: graphql.NewNonNull(graphql.NewList(graphql.NewNonNull(anyScalar())))}},
		Resolve: s.resolve,
	}
}

// resolve answers _entities: the representations of each type in one call, the types
// in the order in which they come first.
func (s *subgraph) resolve(p graphql.ResolveParams) (any, error) {
	representations, _ := p.Args[argumentRepresentations].([]any)
	if len(representations) > s.config.MaxRepresentations {
		return nil, ports.Public("%d representations are more than %d, which is federation.Config.MaxRepresentations", len(representations), s.config.MaxRepresentations)
	}
	var order []*entity
	groups, list := map[*entity]*group{}, make([]any, len(representations))
	for i, representation := range representations {
		e, members, err := s.entityOf(representation)
		if err != nil {
			list[i] = failing(i, err)
			continue
		}
		if groups[e] == nil {
			groups[e], order = &group{}, append(order, e)
		}
		groups[e].add(i, members)
	}
	for _, e := range order {
		groups[e].resolve(p.Context, e, list)
	}
	return list, nil
}

// group is the representations of one type.
type group struct {
	at              []int // in the list
	representations []map[string]any
}

func (g *group) add(at int, representation map[string]any) {
	g.at, g.representations = append(g.at, at), append(g.representations, representation)
}

func (g *group) resolve(ctx context.Context, e *entity, list []any) {
	for i, outcome := range e.resolver.resolve(ctx, e, g.representations) {
		at := g.at[i]
		switch {
		case outcome.err != nil:
			list[at] = failing(at, outcome.err)
		case outcome.value != nil:
			list[at] = graphqlgo.Typed{Type: e.name, Value: outcome.value}
		}
	}
}

// entityOf finds the type of a representation.
func (s *subgraph) entityOf(representation any) (*entity, map[string]any, error) {
	members, ok := representation.(map[string]any)
	if !ok {
		return nil, nil, problemf("it is no object")
	}
	name, ok := members["__typename"].(string)
	if !ok {
		return nil, nil, problemf("it has no __typename")
	}
	e := s.entities[name]
	if e == nil {
		return nil, nil, problemf("its __typename is %.100q, which is no entity of this subgraph", name)
	}
	return e, members, e.representation(members)
}

// failing is an item of a list that is null with an error at its path.
func failing(at int, err error) func() (any, error) {
	if own, ok := errors.AsType[*problem](err); ok {
		err = &ports.PublicError{Message: fmt.Sprintf("%s[%d]: %s", argumentRepresentations, at, own.text), Err: own.err}
	}
	return func() (any, error) { return nil, err }
}

// problem is what is wrong with a representation. Whoever sent it may read the text.
type problem struct {
	text string
	err  error
}

func problemf(format string, args ...any) error { return &problem{text: fmt.Sprintf(format, args...)} }

// Error is the text.
func (p *problem) Error() string { return p.text }
