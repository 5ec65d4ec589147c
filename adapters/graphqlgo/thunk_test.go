package graphqlgo_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"
)

// loader collects keys until the first of its thunks is called, as data loaders do.
type loader struct {
	batches [][]string
	pending []string
	loaded  map[string]bool
}

func (l *loader) load(key string) func() (any, error) {
	l.pending = append(l.pending, key)
	return func() (any, error) {
		if !l.loaded[key] {
			l.batches = append(l.batches, l.pending)
			for _, k := range l.pending {
				l.loaded[k] = true
			}
			l.pending = nil
		}
		return map[string]any{"id": key}, nil
	}
}

func TestThunksOfALevelAreOneBatch(t *testing.T) {
	l := &loader{loaded: map[string]bool{}}
	person := object("Person", graphql.Fields{"id": {Type: required(graphql.String)}})
	person.AddFieldConfig("friend", &graphql.Field{Type: person, Resolve: func(p graphql.ResolveParams) (any, error) {
		return l.load(fmt.Sprint(p.Source.(map[string]any)["id"], "f")), nil
	}})
	person.AddFieldConfig("friends", &graphql.Field{Type: graphql.NewList(required(person)), Resolve: func(p graphql.ResolveParams) (any, error) {
		id := p.Source.(map[string]any)["id"]
		return []any{l.load(fmt.Sprint(id, 1)), l.load(fmt.Sprint(id, 2))}, nil
	}})
	query(t, graphql.Fields{"people": value(graphql.NewList(person), []any{map[string]any{"id": "a"}, map[string]any{"id": "b"}})},
		`{people{id friend{id friend{id}} friends{friend{id}}}}`,
		`{"data":{"people":[`+
			`{"id":"a","friend":{"id":"af","friend":{"id":"aff"}},"friends":[{"friend":{"id":"a1f"}},{"friend":{"id":"a2f"}}]},`+
			`{"id":"b","friend":{"id":"bf","friend":{"id":"bff"}},"friends":[{"friend":{"id":"b1f"}},{"friend":{"id":"b2f"}}]}]}}`)
	want := [][]string{{"af", "a1", "a2", "bf", "b1", "b2"}, {"aff", "a1f", "a2f", "bff", "b1f", "b2f"}}
	if !slices.EqualFunc(l.batches, want, slices.Equal) {
		t.Errorf("batches %v, want %v", l.batches, want)
	}
}

func TestThunksAreCalledAfterEverythingElse(t *testing.T) {
	var log []string
	step := func(name string, v any) *graphql.Field {
		return &graphql.Field{Type: graphql.Int, Resolve: func(graphql.ResolveParams) (any, error) {
			log = append(log, name)
			return v, nil
		}}
	}
	thunk := func(name string, v any) func() (any, error) {
		return func() (any, error) { log = append(log, name); return v, nil }
	}
	query(t, graphql.Fields{
		"a": step("a", thunk("a later", thunk("a last", 1))), "b": step("b", 2), "c": step("c", thunk("c later", nil)),
	}, `{a b c}`, `{"data":{"a":1,"b":2,"c":null}}`)
	if want := []string{"a", "b", "c", "a later", "c later", "a last"}; !slices.Equal(log, want) {
		t.Errorf("called %v, want %v", log, want)
	}
}

// Once a value is null, no thunk below it is called.
func TestThunksBelowANullAreNotCalled(t *testing.T) {
	called := 0
	count := func() (any, error) { called++; return 1, nil }
	inner := object("Inner", graphql.Fields{
		"late": later(required(graphql.Int), nil, errors.New("broken")), "counted": value(graphql.Int, count),
		"broken": failing(required(graphql.Int), errors.New("broken")),
	})
	fields := graphql.Fields{"inner": value(inner, 1), "list": value(graphql.NewList(inner), []int{1}), "ok": value(graphql.Int, 1)}
	const failed = `"errors":[{"message":"internal error","locations":[{"line":1,"column":%d}],"path":["inner","%s"]}]}`
	query(t, fields, `{inner{counted broken} ok}`, `{"data":{"inner":null,"ok":1},`+fmt.Sprintf(failed, 16, "broken"))
	query(t, fields, `{inner{late counted} ok}`, `{"data":{"inner":null,"ok":1},`+fmt.Sprintf(failed, 8, "late"))
	if called != 0 {
		t.Errorf("%d thunks were called", called)
	}
}

func TestThunksOfNamedTypes(t *testing.T) {
	type thunk func() (any, error)
	query(t, graphql.Fields{
		"named": value(graphql.Int, thunk(func() (any, error) { return 1, nil })), "nil": value(graphql.Int, thunk(nil)),
		"other": value(graphql.Int, func() int { return 1 }),
		"error": later(graphql.Int, func() (any, error) { return 1, nil }, errors.New("broken")),
	}, `{named nil}`, `{"data":{"named":1,"nil":null}}`)
	query(t, graphql.Fields{"other": value(graphql.Int, func() int { return 1 })}, `{other}`,
		`{"data":{"other":null},"errors":[{"message":"Expected a func() (any, error), but found another function for field \"Query.other\".","locations":[{"line":1,"column":2}],"path":["other"]}]}`)
	query(t, graphql.Fields{"both": later(graphql.Int, func() (any, error) { return 1, nil }, errors.New("broken"))}, `{both}`,
		`{"data":{"both":null},"errors":[{"message":"internal error","locations":[{"line":1,"column":2}],"path":["both"]}]}`)
}

func TestThunksThatReturnThemselvesEnd(t *testing.T) {
	var again func() (any, error)
	again = func() (any, error) { return again, nil }
	schema := newSchema(t, graphql.SchemaConfig{Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
		"again": {Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) { return again, nil }},
		"once":  {Type: graphql.String, Resolve: func(graphql.ResolveParams) (any, error) { return "x", nil }},
	}})})
	if got := execute(t, schema, `{again once}`, "", nil); !strings.HasPrefix(got, `{"data":{"again":null,"once":"x"},"errors":[{`) {
		t.Errorf("got %s", got)
	}
}
