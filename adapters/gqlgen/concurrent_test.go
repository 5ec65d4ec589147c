package gqlgen_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/extension"

	"github.com/fanql/fanql/adapters/gqlgen"
	"github.com/fanql/fanql/adapters/gqlgen/internal/testschema"
	"github.com/fanql/fanql/ports"
)

// eightTimes runs something eight times at once.
func eightTimes(run func(i int)) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() { run(i) })
	}
	all.Wait()
}

func TestConcurrentFromTheFirstRequestOn(t *testing.T) {
	schema := newSchema(t, &testschema.Resolver{Maybe: channel}, gqlgen.Use(extension.FixedComplexityLimit(100)))
	eightTimes(func(int) {
		const document = `query($c:Color,$p:Point){echo(color:$c,point:$p) items{__typename ...on Node{id}} node(id:"1"){id ...on Post{title author{name}}}}`
		body := execute(t, schema, document, `{"c":"RED","p":{"inner":{"x":1}}}`)
		if _, errs := schema.Prepare(`{nothing}`, ports.Limits{}); errs == nil {
			t.Error("nothing was accepted")
		}
		if !json.Valid([]byte(body)) {
			t.Errorf("body: %s", body)
		}
	})
}

func TestOneOperationIsExecutedConcurrently(t *testing.T) {
	schema := newSchema(t, &testschema.Resolver{Maybe: channel})
	bound := bind(t, schema, `subscription($no:Boolean!){maybe{title checked author @skip(if:$no){name} id}}`, `{"no":false}`)
	eightTimes(func(i int) {
		formatted := &formatted{}
		title := "t" + strconv.Itoa(i)
		if errs := bound.Subscribe(t.Context(), formatted.format); len(errs) > 0 {
			t.Errorf("refused with %v", errs)
		}
		result := bound.Execute(delivering(t.Context(), &testschema.Post{ID: "1", Title: title}), ports.Call{Format: formatted.format})
		wantEqual(t, "body", string(result.Body), fmt.Sprintf(`{"data":{"maybe":{"title":%q,"checked":%q,"author":{"name":%q},"id":"1"}}}`, title, "checked "+title, "author of "+title))
	})
}

func TestVariablesAreNotShared(t *testing.T) {
	write := func(given map[string]any) {
		given["list"].([]any)[0] = "written"
		given["map"].(map[string]any)["more"] = "written"
		given["more"] = "written"
	}
	around := func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		graphql.GetOperationContext(ctx).Variables["other"] = "written"
		return next(ctx)
	}
	schema := newSchema(t, &testschema.Resolver{Any: write}, gqlgen.AroundOperations(around))
	for document, variables := range map[string]string{
		`query($a:Map){echo(any:$a)}`:                   `{"a":{"list":[1],"map":{}}}`,
		`query($a:Map={list:[1],map:{}}){echo(any:$a)}`: ``,
		`{echo(any:{list:[1],map:{}})}`:                 ``,
	} {
		bound := bind(t, schema, document, variables)
		eightTimes(func(int) {
			result := bound.Execute(t.Context(), ports.Call{Format: new(formatted).format})
			wantEqual(t, "body", string(result.Body), `{"data":{"echo":"{\"Text\":\"default\",\"N\":null,\"F\":null,\"ID\":null,\"OK\":null,\"Color\":null,\"Day\":null,\"Any\":{\"list\":[1],\"map\":{}},\"Point\":null,\"List\":null}"}}`)
		})
	}
}
