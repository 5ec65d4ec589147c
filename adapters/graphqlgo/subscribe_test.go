package graphqlgo_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

// chatSchema has a subscription whose resolvers note what they are called with.
func chatSchema(t *testing.T, note func(string)) *graphqlgo.Schema {
	t.Helper()
	event := object("Event", graphql.Fields{"id": {Type: graphql.ID}, "late": later(graphql.Int, 1, nil), "required": {Type: required(graphql.Int)}})
	called := func(name string, then func(p graphql.ResolveParams) (any, error)) graphql.FieldResolveFn {
		return func(p graphql.ResolveParams) (any, error) {
			note(fmt.Sprint(name, p.Args, p.Source, p.Info.Path.AsArray(), p.Info.VariableValues, p.Context.Value(contextKey{})))
			return then(p)
		}
	}
	return newSchema(t, graphql.SchemaConfig{
		Query: object("Query", graphql.Fields{"a": value(graphql.Int, 1)}),
		Subscription: object("Subscription", graphql.Fields{
			"event": {
				Type: event, Args: graphql.FieldConfigArgument{"room": {Type: required(graphql.ID)}},
				Subscribe: called("subscribe", func(graphql.ResolveParams) (any, error) { return nil, nil }),
				Resolve: called("resolve", func(p graphql.ResolveParams) (any, error) {
					switch p.Source.(map[string]any)["id"] {
					case "skipped":
						return nil, fmt.Errorf("not for you: %w", ports.ErrSkip)
					case "skipped later":
						return func() (any, error) { return nil, ports.ErrSkip }, nil
					}
					return p.Source, nil
				}),
			},
			"refused": {Type: graphql.Int, Subscribe: func(graphql.ResolveParams) (any, error) { return nil, ports.Public("not in this room") },
				Resolve: func(graphql.ResolveParams) (any, error) { return nil, nil }},
		}),
	})
}

func TestSubscription(t *testing.T) {
	var notes []string
	schema := chatSchema(t, func(note string) { notes = append(notes, note) })
	ctx := context.WithValue(t.Context(), contextKey{}, "mine")
	bound := bind(t, schema, `subscription($r:ID!){ev:event(room:$r){id late}}`, `{"r":1234567}`)
	if errs := bound.Subscribe(ctx, masked); errs != nil {
		t.Fatal(errs)
	}
	for id, want := range map[string]string{
		`"e1"`: `{"data":{"ev":{"id":"e1","late":1}}}`, `1795292668348461057`: `{"data":{"ev":{"id":"1795292668348461057","late":1}}}`, `"skipped"`: ``, `"skipped later"`: ``,
	} {
		root, err := ports.DecodeJSON([]byte(`{"id":` + id + `}`))
		if err != nil {
			t.Fatal(err)
		}
		result := bound.Execute(ctx, ports.Call{Root: root, Format: masked})
		if string(result.Body) != want || result.Skip != (want == "") {
			t.Errorf("%s: %+v %s", id, result.Skip, result.Body)
		}
	}
	if len(notes) != 5 || notes[0] != `subscribemap[room:1234567] <nil> [ev] map[r:1234567]mine` || notes[1][:len("resolvemap[room:1234567]")] != "resolvemap[room:1234567]" {
		t.Errorf("called %q", notes)
	}
}

func TestSubscriptionsThatAreRefused(t *testing.T) {
	schema := chatSchema(t, func(string) { t.Error("a resolver was called") })
	errs := bind(t, schema, `subscription{refused}`, "").Subscribe(t.Context(), masked)
	if got, want := string(errs.AppendJSON(nil)), `[{"message":"not in this room","locations":[{"line":1,"column":14}],"path":["refused"]}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if errs := bind(t, schema, `{a}`, "").Subscribe(t.Context(), masked); errs == nil {
		t.Error("a query was subscribed to")
	}
}

func TestOnlyTheSubscriptionsFieldMaySkip(t *testing.T) {
	query(t, graphql.Fields{"a": failing(graphql.Int, ports.ErrSkip)}, `{a}`,
		`{"data":{"a":null},"errors":[{"message":"internal error","locations":[{"line":1,"column":2}],"path":["a"]}]}`)
}

func TestResponsesAreBounded(t *testing.T) {
	long := make([]int, 1000)
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{
		"list": value(graphql.NewList(graphql.Int), long), "late": later(graphql.NewList(graphql.Int), long, nil),
		"broken": value(graphql.NewList(graphql.Boolean), []string{"a", "b", "c", "d", "e", "f"}),
		"nulled": value(object("Inner", graphql.Fields{"list": value(graphql.NewList(graphql.Int), long), "bad": later(required(graphql.Int), nil, errors.New("x"))}), 1),
	})})
	for document, want := range map[string]bool{`{list}`: false, `{late}`: false, `{broken}`: false, `{nulled{bad list}}`: false, `{__typename}`: true} {
		body := bind(t, schema, document, "").Execute(t.Context(), ports.Call{Format: masked, MaxBytes: 200}).Body
		if isTooLong := string(body) == `{"data":null,"errors":[{"message":"the response is longer than 200 bytes"}]}`; isTooLong == want {
			t.Errorf("%s: %s", document, body)
		}
	}
	body := bind(t, schema, `{nulled{bad list}}`, "").Execute(t.Context(), ports.Call{Format: masked, MaxBytes: 5000}).Body
	if want := `{"data":{"nulled":null},"errors":[{"message":"internal error","locations":[{"line":1,"column":9}],"path":["nulled","bad"]}]}`; string(body) != want {
		t.Errorf("got %s", body)
	}
}

// An event is executed for many subscribers, side by side.
func TestWhatResolversWriteIntoTheirSourceNobodyElseSees(t *testing.T) {
	write := func(p graphql.ResolveParams) (any, error) {
		source := p.Source.(map[string]any)
		source["text"] = fmt.Sprint(source["text"], p.Args["v"])
		source["tags"].([]any)[0].(map[string]any)["name"] = p.Args["v"]
		p.Info.RootValue.(map[string]any)["more"] = p.Args["v"]
		return source, nil
	}
	event := object("Event", graphql.Fields{
		"text": {Type: graphql.String}, "more": {Type: graphql.Int}, "tags": {Type: graphql.NewList(object("Tag", graphql.Fields{"name": {Type: graphql.String}}))},
	})
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"a": value(graphql.Int, 1)}), Subscription: object("Subscription", graphql.Fields{
		"event": {Type: event, Args: graphql.FieldConfigArgument{"v": {Type: graphql.Int}}, Resolve: write, Subscribe: write},
	})})
	payload := func() any {
		return map[string]any{"text": "x", "tags": []any{map[string]any{"name": "a"}}}
	}
	root := payload()
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			document := fmt.Sprintf(`subscription{event(v:%d){text more tags{name}}}`, i)
			want := fmt.Sprintf(`{"data":{"event":{"text":"x%d","more":%d,"tags":[{"name":"%d"}]}}}`, i, i, i)
			if got := execute(t, schema, document, "", root); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	group.Wait()
	if !reflect.DeepEqual(root, payload()) {
		t.Errorf("the payload is %v now", root)
	}
}

// Errors count while they are made, with what their extensions hold.
func TestErrorsCountAsTheResponse(t *testing.T) {
	const items, most = 10_000, 100_000
	calls := 0
	fails := func() (any, error) {
		calls++
		return nil, &ports.PublicError{Message: "x", Extensions: map[string]any{"x": strings.Repeat("x", most/10)}}
	}
	thunks := make([]func() (any, error), items)
	for i := range thunks {
		thunks[i] = fails
	}
	item := object("Item", graphql.Fields{"a": {Type: graphql.Int, Resolve: func(graphql.ResolveParams) (any, error) { return fails() }}})
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{
		"objects": value(graphql.NewList(item), make([]int, items)), "thunks": value(graphql.NewList(graphql.Int), thunks),
	})})
	for _, document := range []string{`{objects{a}}`, `{thunks}`} {
		calls = 0
		body := bind(t, schema, document, "").Execute(t.Context(), ports.Call{Format: masked, MaxBytes: most}).Body
		if want := `{"data":null,"errors":[{"message":"the response is longer than 100000 bytes"}]}`; string(body) != want || calls > 10 {
			t.Errorf("%s: %d calls, %.100s", document, calls, body)
		}
	}
}

func TestExtensionsOfTheCall(t *testing.T) {
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"a": value(graphql.Int, 1)})})
	for _, test := range []struct {
		extensions map[string]any
		want       string
	}{
		{nil, `{"data":{"a":1}}`},
		{map[string]any{"b": "<", "a": []int{1}, "c": make(chan int)}, `{"data":{"a":1},"extensions":{"a":[1],"b":"<"}}`},
		{map[string]any{"a": make(chan int)}, `{"data":{"a":1}}`},
	} {
		body := bind(t, schema, `{a}`, "").Execute(t.Context(), ports.Call{Format: masked, Extensions: test.extensions}).Body
		if string(body) != test.want {
			t.Errorf("got %s, want %s", body, test.want)
		}
	}
}
