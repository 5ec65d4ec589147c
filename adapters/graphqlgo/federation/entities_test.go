package federation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo/federation"
	"github.com/fanql/fanql/ports"
)

type rep = map[string]any

func userOf(id any) rep { return rep{"__typename": "User", "id": id} }

// All representations of a type are resolved in one call; what comes back is in the
// order of the representations, null for what is not known.
func TestEntitiesAreBatchedAndKeepTheirOrder(t *testing.T) {
	schema, calls := shop(t, nil)
	got := entities(t, schema,
		userOf("1"),
		rep{"__typename": "Product", "sku": "s", "brand": "b"},
		userOf("nobody"),
		rep{"__typename": "Product", "maker": rep{"id": 7}, "weight": 2.5},
		userOf("2"), userOf("1"),
	)
	want := `{"data":{"_entities":[{"__typename":"User","id":"1","name":"user 1"},` +
		`{"__typename":"Product","id":"","sku":"s","brand":"b","maker":{"id":0}},null,` +
		`{"__typename":"Product","id":"","sku":"","brand":"","maker":{"id":7}},` +
		`{"__typename":"User","id":"2","name":"user 2"},{"__typename":"User","id":"1","name":"user 1"}]}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if want := [][]string{{"1", "nobody", "2", "1"}}; !reflect.DeepEqual(calls.users, want) {
		t.Errorf("the users' resolver was called with %q, want %q", calls.users, want)
	}
	if len(calls.products) != 1 || len(calls.products[0]) != 2 || calls.products[0][1].Weight != 2.5 {
		t.Errorf("the products' resolver was called with %+v", calls.products)
	}
}

// What is wrong with one representation is an error at its path, and the others are
// resolved.
func TestWrongRepresentations(t *testing.T) {
	for name, test := range map[string]struct {
		representation any
		want           string
	}{
		"no object":               {"User:1", "it is no object"},
		"a list":                  {[]any{userOf("1")}, "it is no object"},
		"false":                   {false, "it is no object"},
		"no __typename":           {rep{"id": "1"}, "it has no __typename"},
		"__typename is a number":  {rep{"__typename": 1, "id": "1"}, "it has no __typename"},
		"unknown type":            {rep{"__typename": "Planet", "id": "1"}, `its __typename is "Planet", which is no entity of this subgraph`},
		"a type that is none":     {rep{"__typename": "Maker", "id": "1"}, `its __typename is "Maker", which is no entity of this subgraph`},
		"a long type":             {rep{"__typename": strings.Repeat("x", 1000)}, `its __typename is "` + strings.Repeat("x", 100) + `", which is no entity of this subgraph`},
		"no key":                  {rep{"__typename": "User", "name": "a"}, `it lacks fields of the key of User: "id"`},
		"null where it cannot be": {userOf(nil), `it lacks fields of the key of User: "id"`},
		"half a key":              {rep{"__typename": "Product", "sku": "s"}, `it lacks fields of the key of Product: "id", or "sku brand", or "maker { id }"`},
		"a nested key":            {rep{"__typename": "Product", "maker": rep{}}, `it lacks fields of the key of Product: "id", or "sku brand", or "maker { id }"`},
		"no object in a key":      {rep{"__typename": "Product", "maker": 7}, `it lacks fields of the key of Product: "id", or "sku brand", or "maker { id }"`},
		"another type":            {userOf(rep{}), `its field "id" is of another type`},
		"another type, of many":   {rep{"__typename": "Product", "id": 1}, `its field "id" is of another type`},
		"another type, nested":    {rep{"__typename": "Product", "maker": rep{"id": "7"}}, `its field "maker.id" is of another type`},
	} {
		t.Run(name, func(t *testing.T) {
			schema, _ := shop(t, nil)
			got := entities(t, schema, userOf("1"), test.representation, userOf("2"))
			message, _ := json.Marshal("representations[1]: " + test.want)
			want := `{"data":{"_entities":[{"__typename":"User","id":"1","name":"user 1"},null,{"__typename":"User","id":"2","name":"user 2"}]},` +
				`"errors":[{"message":` + string(message) + `,"locations":[{"line":1,"column":23}],"path":["_entities",1]}]}`
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
	schema, _ := shop(t, nil)
	if got := entities(t, schema, nil); !strings.Contains(got, "null") || !strings.Contains(got, "$r") {
		t.Errorf("a representation that is null: %s", got)
	}
}

// A resolver's errors are those of the representations that it was called with.
func TestErrorsOfResolvers(t *testing.T) {
	const internal = "internal error"
	for name, test := range map[string]struct {
		ids     []any
		errs    map[int]string // by the index of the representation
		private string
	}{
		"one":             {[]any{"1", "private", "2"}, map[int]string{1: internal}, errDatabase.Error()},
		"one, public":     {[]any{"public", "1"}, map[int]string{0: `user "public" is hidden`}, ""},
		"several":         {[]any{"public", "1", "private"}, map[int]string{0: `user "public" is hidden`, 2: internal}, ""},
		"all":             {[]any{"1", "all"}, map[int]string{0: internal, 1: internal}, errDatabase.Error()},
		"a panic":         {[]any{"1", "panic"}, map[int]string{0: internal, 1: internal}, "a secret"},
		"too few":         {[]any{"1", "few", "2"}, map[int]string{0: internal, 1: internal, 2: internal}, "the resolver of User was given 3 keys, and returned 1 values"},
		"too few errors":  {[]any{"1", "fewErrors"}, map[int]string{0: internal, 1: internal}, "the resolver of User was given 2 keys, and returned 1 errors"},
		"beside one that": {[]any{rep{}, "private"}, map[int]string{0: `representations[0]: its field "id" is of another type`, 1: internal}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			schema, _ := shop(t, nil)
			representations := []any{}
			for _, id := range test.ids {
				representations = append(representations, userOf(id))
			}
			representations = append(representations, rep{"__typename": "Product", "id": "p"}) // of another type: resolved whatever happens
			variables, err := json.Marshal(rep{"r": representations})
			if err != nil {
				t.Fatal(err)
			}
			var private []string
			body := executeWith(t, schema, `query($r: [_Any!]!) { _entities(representations: $r) { __typename } }`, string(variables), func(ctx context.Context, err error) *ports.PublicError {
				private = append(private, fmt.Sprint(err))
				return masked(ctx, err)
			})
			var got struct {
				Data struct {
					Entities []any `json:"_entities"`
				}
				Errors []struct {
					Message string
					Path    []any
				}
			}
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			errs := map[int]string{}
			for _, e := range got.Errors {
				errs[int(e.Path[1].(float64))] = e.Message
			}
			if !reflect.DeepEqual(errs, test.errs) {
				t.Errorf("errors %v, want %v", errs, test.errs)
			}
			for i, value := range got.Data.Entities {
				if _, failed := test.errs[i]; failed != (value == nil) {
					t.Errorf("entity %d is %v", i, value)
				}
			}
			if all := strings.Join(private, "\n"); !strings.Contains(all, test.private) || strings.Contains(body, "secret") {
				t.Errorf("private errors %q, body %s", all, body)
			}
		})
	}
}

func TestRepresentationsAreBounded(t *testing.T) {
	schema, calls := shop(t, func(c *federation.Config) { c.MaxRepresentations = 2 })
	if got := entities(t, schema, userOf("1"), userOf("2")); strings.Contains(got, "errors") {
		t.Errorf("two: %s", got)
	}
	got := entities(t, schema, userOf("1"), userOf("2"), userOf("3"))
	if want := `{"data":null,"errors":[{"message":"3 representations are more than 2, which is federation.Config.MaxRepresentations","locations":[{"line":1,"column":23}],"path":["_entities"]}]}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(calls.users) != 1 {
		t.Errorf("the resolver was called with %q", calls.users)
	}
	many := make([]any, 1000)
	for i := range many {
		many[i] = userOf("1")
	}
	schema, _ = shop(t, nil)
	if got := entities(t, schema, many...); strings.Contains(got, "errors") {
		t.Errorf("as many as there may be by default: %.300s", got)
	}
	if got := entities(t, schema, append([]any{userOf("1")}, many...)...); !strings.Contains(got, "1001 representations are more than 1000") {
		t.Errorf("one more: %.300s", got)
	}
}

// Representations may stand in the document itself.
func TestRepresentationsAreLiterals(t *testing.T) {
	schema, calls := shop(t, nil)
	got := execute(t, schema, `query($id: ID, $r: _Any!) { _entities(representations: [
		{__typename: "User", id: $id, a: [1, 2.5, true, RED, null, {b: null}]}, $r, {__typename: "Product", id: "p", maker: {id: 7}}
	]) { ...on User { id } ...on Product { maker { id } } } }`, `{"id": "1", "r": {"__typename": "User", "id": "2"}}`)
	if want := `{"data":{"_entities":[{"id":"1"},{"id":"2"},{"maker":{"id":7}}]}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if want := [][]string{{"1", "2"}}; !reflect.DeepEqual(calls.users, want) {
		t.Errorf("the resolver was called with %q", calls.users)
	}
}

// A representation may be of an interface; then its ResolveType decides.
func TestEntityInterfaces(t *testing.T) {
	film := object("Film", graphql.Fields{"id": {Type: required(graphql.ID)}})
	media := graphql.NewInterface(graphql.InterfaceConfig{
		Name: "Media", Fields: graphql.Fields{"id": {Type: required(graphql.ID)}},
		ResolveType: func(graphql.ResolveTypeParams) *graphql.Object { return film },
	})
	film = graphql.NewObject(graphql.ObjectConfig{Name: "Film", Interfaces: []*graphql.Interface{media}, Fields: graphql.Fields{"id": {Type: required(graphql.ID)}}})
	byID := federation.Resolve(func(_ context.Context, ids []string) ([]any, error) {
		found := make([]any, len(ids))
		for i, id := range ids {
			found[i] = rep{"id": id}
			if id == "none" {
				found[i] = (*user)(nil)
			}
		}
		return found, nil
	})
	directives := map[string][]federation.Directive{"Media": {federation.Key("id")}, "Film": {federation.Key("id")}}
	config := graphql.SchemaConfig{Types: []graphql.Type{media, film}}
	schema, err := federation.NewSchema(config, federation.Config{Directives: directives, Entities: map[string]federation.Resolver{"Film": byID, "Media": byID}})
	if err != nil {
		t.Fatal(err)
	}
	const document = `{ _entities(representations: [{__typename: "Media", id: "1"}, {__typename: "Film", id: "2"}, {__typename: "Media", id: "none"}]) { __typename ...on Media { id } } }`
	if got, want := execute(t, schema, document, ""), `{"data":{"_entities":[{"__typename":"Film","id":"1"},{"__typename":"Film","id":"2"},null]}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if schema, err = federation.NewSchema(config, federation.Config{Directives: directives, Entities: map[string]federation.Resolver{"Film": byID}}); err != nil {
		t.Fatal(err)
	}
	if got := execute(t, schema, document, ""); !strings.Contains(got, `its __typename is \"Media\", which is no entity`) {
		t.Errorf("without a resolver of the interface: %s", got)
	}
}

// A key may hold lists.
func TestKeysWithLists(t *testing.T) {
	part := object("Part", graphql.Fields{"id": {Type: required(graphql.ID)}})
	set := object("Set", graphql.Fields{"parts": {Type: required(graphql.NewList(required(part)))}, "codes": {Type: graphql.NewList(required(graphql.Int))}})
	type setKey struct {
		Parts []struct{ ID string }
		Codes []int
	}
	var given []setKey
	schema, err := federation.NewSchema(graphql.SchemaConfig{Types: []graphql.Type{set}}, federation.Config{
		Directives: map[string][]federation.Directive{"Set": {federation.Key("parts { id } codes")}},
		Entities: map[string]federation.Resolver{"Set": federation.Resolve(func(_ context.Context, keys []setKey) ([]*setKey, error) {
			given = keys
			return make([]*setKey, len(keys)), nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	const lacks = `it lacks fields of the key of Set: \"parts { id } codes\"","locations":[{"line":1,"column":3}],"path":["_entities",`
	got := execute(t, schema, `{ _entities(representations: [
		{__typename: "Set", parts: [{id: "a"}, {id: "b"}], codes: null}, {__typename: "Set", parts: [{id: null}], codes: [1]},
		{__typename: "Set", parts: {id: "a"}, codes: [1]}, {__typename: "Set", parts: [], codes: [null]}, {__typename: "Set", parts: [], codes: [1, 2]}
	]) { __typename } }`, "")
	want := `{"data":{"_entities":[null,null,null,null,null]},"errors":[` +
		`{"message":"representations[1]: ` + lacks + `1]},{"message":"representations[2]: ` + lacks + `2]},{"message":"representations[3]: ` + lacks + `3]}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(given) != 2 || len(given[0].Parts) != 2 || given[0].Parts[1].ID != "b" || given[0].Codes != nil || len(given[1].Codes) != 2 {
		t.Errorf("the resolver was called with %+v", given)
	}
}

// A key's own UnmarshalJSON decides, and may fail in any way.
func TestKeysThatDecodeThemselves(t *testing.T) {
	schema, err := federation.NewSchema(graphql.SchemaConfig{Types: []graphql.Type{object("T", graphql.Fields{"id": {Type: graphql.ID}})}}, federation.Config{
		Directives: map[string][]federation.Directive{"T": {federation.Key("id")}},
		Entities: map[string]federation.Resolver{"T": federation.Resolve(func(_ context.Context, keys []ownKey) ([]rep, error) {
			found := make([]rep, len(keys))
			for i, k := range keys {
				found[i] = rep{"id": k.text}
			}
			return found, errors.Join(nil)
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := execute(t, schema, `{ _entities(representations: [{__typename: "T", id: "a"}, {__typename: "T", id: "fail"}, {__typename: "T", id: "panic"}]) { ...on T { id } } }`, "")
	if want := `{"data":{"_entities":[{"id":"a"},null,null]},"errors":[` +
		`{"message":"representations[1]: its values are not those of its type","locations":[{"line":1,"column":3}],"path":["_entities",1]},` +
		`{"message":"internal error","locations":[{"line":1,"column":3}],"path":["_entities",2]}]}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

type ownKey struct{ text string }

func (k *ownKey) UnmarshalJSON(text []byte) error {
	var members struct{ ID *string }
	if err := json.Unmarshal(text, &members); err != nil || members.ID == nil {
		return errors.New("no key")
	}
	switch k.text = *members.ID; k.text {
	case "fail":
		return errors.New("a secret")
	case "panic":
		panic("a secret")
	}
	return nil
}

// FuzzRepresentations: whatever the representations are, each has a value or an error,
// and nothing panics.
func FuzzRepresentations(f *testing.F) {
	for _, seed := range []string{
		`[{"__typename":"User","id":"1"}]`, `[1,"a",true,[],{}]`, `[{"__typename":"Product","maker":{"id":1e400}}]`, `[{"__typename":"Product","maker":[{"id":1}]}]`,
		`[{"__typename":"Product","id":"\ud800"}]`, `{"__typename":"User","id":"1"}`, `null`, `[null]`, `[{"__typename":"User","id":{"id":"1"}}]`, `[{"__typename":"Product","sku":null,"brand":null}]`,
	} {
		f.Add(seed)
	}
	schema, _ := shop(f, nil)
	f.Fuzz(func(t *testing.T, representations string) {
		if !json.Valid([]byte(representations)) {
			return
		}
		body := execute(t, schema, entitiesDocument, `{"r":`+representations+`}`)
		if !json.Valid([]byte(body)) {
			t.Fatalf("%s is no JSON", body)
		}
	})
}
