package graphqlhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/ports"
)

// greeter stands where the engine does.
type greeter struct{}

func (greeter) Execute(context.Context, ports.Request) (ports.Response, error) {
	return ports.Response{Body: []byte(`{"data":{"hello":"world"}}`)}, nil
}

func Example() {
	handler, err := graphqlhttp.NewHandler(greeter{}, graphqlhttp.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/graphql", handler)

	request := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{ hello }"}`))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/graphql-response+json")
	response := httptest.NewRecorder()
	mux.ServeHTTP(response, request)

	fmt.Println(response.Code, response.Header().Get("Content-Type"))
	fmt.Println(response.Body)
	// Output:
	// 200 application/graphql-response+json; charset=utf-8
	// {"data":{"hello":"world"}}
}
