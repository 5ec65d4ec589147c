package graphqlgo

import (
	"maps"
	"slices"

	"github.com/graphql-go/graphql"
)

// Option changes the schema that New makes.
type Option func(*origin) error

// QueryFields adds fields to the query type, with the types that they lead to. The
// query type of graphql-go, which other schemas may share, stays as it is. New fails if
// the query type has a field of one of the names, or the schema another type of the name
// of one that is new.
func QueryFields(fields graphql.Fields) Option {
	return func(o *origin) error { return o.addQueryFields(fields) }
}

// origin is a schema of graphql-go with what the options add.
type origin struct {
	graphql.Schema
	types graphql.TypeMap
	added graphql.FieldDefinitionMap // to the query type
}

func newOrigin(schema graphql.Schema) *origin {
	return &origin{Schema: schema, types: typesOf(schema), added: graphql.FieldDefinitionMap{}}
}

func (o *origin) addQueryFields(fields graphql.Fields) error {
	root := o.QueryType()
	if root == nil || len(fields) == 0 { // without a root, check refuses the schema
		return nil
	}
	carrier := graphql.NewObject(graphql.ObjectConfig{Name: root.Name(), Fields: fields})
	defined := carrier.Fields()
	if err := carrier.Error(); err != nil {
		return refuse("the fields that are added to %s: %w", root.Name(), err)
	}
	for _, name := range slices.Sorted(maps.Keys(defined)) {
		f := defined[name]
		if o.fields(root)[name] != nil {
			return refuse("the field %s.%s is there already", root.Name(), name)
		}
		o.added[name] = f
		addOutput(o.types, f.Type)
		for _, argument := range f.Args {
			addInput(o.types, argument.Type)
		}
	}
	return nil
}

// fields are those of an object type, with those that are added.
func (o *origin) fields(of *graphql.Object) graphql.FieldDefinitionMap {
	if of != o.QueryType() || len(o.added) == 0 {
		return of.Fields()
	}
	fields := maps.Clone(of.Fields())
	maps.Copy(fields, o.added)
	return fields
}
