package federation_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo/federation"
	"github.com/fanql/fanql/ports"
)

// masked formats errors as the engine does: only public ones may be read.
func masked(_ context.Context, err error) *ports.PublicError {
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		return public
	}
	return &ports.PublicError{Message: "internal error", Err: err}
}

func object(name string, fields graphql.Fields) *graphql.Object {
	return graphql.NewObject(graphql.ObjectConfig{Name: name, Fields: fields})
}

func required(of graphql.Type) graphql.Output { return graphql.NewNonNull(of) }

func execute(t testing.TB, schema ports.Schema, document, variables string) string {
	t.Helper()
	return executeWith(t, schema, document, variables, masked)
}

func executeWith(t testing.TB, schema ports.Schema, document, variables string, format ports.ErrorFormat) string {
	t.Helper()
	prepared, errs := schema.Prepare(document, ports.Limits{})
	if errs != nil {
		t.Fatalf("%s: %s", document, errs.AppendJSON(nil))
	}
	operation, errs := prepared.Operation("")
	if errs != nil {
		t.Fatal(errs)
	}
	bound, errs := operation.Bind(t.Context(), []byte(variables), format)
	if errs != nil {
		return string(errs.AppendJSON(nil))
	}
	return string(bound.Execute(t.Context(), ports.Call{Format: format}).Body)
}

type user struct{ ID, Name string }

// product has keys of one field, of two, and of a nested one.
type product struct {
	ID, Sku, Brand string
	Maker          maker
}

type maker struct{ ID int }

type productKey struct {
	ID    string `json:"id"`
	Sku   string `json:"sku"`
	Brand string `json:"brand"`
	Maker struct {
		ID int `json:"id"`
	} `json:"maker"`
	Weight float64 `json:"weight"`
}

// calls are what the resolvers of a shop were called with.
type calls struct {
	users    [][]string
	products [][]productKey
}

var errDatabase = errors.New("the database is away")

func (c *calls) resolveUsers(_ context.Context, ids []string) ([]*user, error) {
	c.users = append(c.users, ids)
	found, errs := make([]*user, len(ids)), make(federation.Errors, len(ids))
	for i, id := range ids {
		switch id {
		case "all":
			return nil, errDatabase
		case "panic":
			panic("a secret")
		case "few":
			return found[:1], nil
		case "fewErrors":
			return found, errs[:1]
		case "private":
			errs[i] = errDatabase
		case "public":
			errs[i] = ports.Public("user %q is hidden", id)
		case "nobody":
		default:
			found[i] = &user{ID: id, Name: "user " + id}
		}
	}
	return found, errs
}

func (c *calls) resolveProducts(_ context.Context, keys []productKey) ([]product, error) {
	c.products = append(c.products, keys)
	products := make([]product, len(keys))
	for i, k := range keys {
		products[i] = product{ID: k.ID, Sku: k.Sku, Brand: k.Brand, Maker: maker{k.Maker.ID}}
	}
	return products, nil
}

// shop is a subgraph with two entities, and an interface that is one.
func shop(t testing.TB, change func(*federation.Config)) (*federation.Schema, *calls) {
	t.Helper()
	c := &calls{}
	userType := object("User", graphql.Fields{"id": {Type: required(graphql.ID)}, "name": {Type: graphql.String}})
	config := federation.Config{
		Directives: map[string][]federation.Directive{
			"User":    {federation.Key("id")},
			"Product": {federation.Key("id"), federation.Key("sku brand"), federation.Key("maker { id }")},
		},
		Entities: map[string]federation.Resolver{
			"User":    federation.Resolve(c.resolveUsers),
			"Product": federation.Resolve(c.resolveProducts),
		},
	}
	if change != nil {
		change(&config)
	}
	schema, err := federation.NewSchema(graphql.SchemaConfig{
		Query: object("Query", graphql.Fields{"me": {Type: userType}}),
		Types: []graphql.Type{object("Product", graphql.Fields{
			"id": {Type: required(graphql.ID)}, "sku": {Type: graphql.String}, "brand": {Type: graphql.String},
			"maker": {Type: object("Maker", graphql.Fields{"id": {Type: required(graphql.Int)}})},
		})},
	}, config)
	if err != nil {
		t.Fatal(err)
	}
	return schema, c
}

const entitiesDocument = `query($r: [_Any!]!) { _entities(representations: $r) { __typename ...on User { id name } ...on Product { id sku brand maker { id } } } }`

func entities(t testing.TB, schema ports.Schema, representations ...any) string {
	t.Helper()
	variables, err := json.Marshal(map[string]any{"r": representations})
	if err != nil {
		t.Fatal(err)
	}
	return execute(t, schema, entitiesDocument, string(variables))
}
