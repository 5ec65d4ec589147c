package fanql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// userKey is under which middleware puts the user of a request over HTTP.
type userKey struct{}

// userOf stands for the check of a token.
func userOf(token string) (name string, ok bool) {
	name, ok = strings.CutPrefix(token, "secret of ")
	return name, ok
}

// A server that serves only who has a token: in connection_init over sockets, in the
// Authorization header over HTTP, which calls neither OnConnect nor OnInit, and on streams.
func ExampleConfig_authentication() {
	schema, err := newSchema()
	if err != nil {
		fmt.Println(err)
		return
	}
	// docs:start closed
	hooks := core.Hooks{
		OnInit: func(_ context.Context, payload json.RawMessage) (core.Session, error) {
			var credentials struct{ Token string }
			err := json.Unmarshal(payload, &credentials)
			name, ok := userOf(credentials.Token)
			if err != nil || !ok {
				return core.Session{}, core.Public("wrong token")
			}
			return core.Session{Identity: name, State: name}, nil
		},
		// OnSubscribe is asked about every operation, over sockets and over HTTP.
		OnSubscribe: func(ctx context.Context, request ports.Request) (ports.Request, error) {
			_, overSocket := core.ConnectionFrom(ctx)
			_, overHTTP := ctx.Value(userKey{}).(string)
			if !overSocket && !overHTTP {
				return request, &ports.PublicError{Status: http.StatusUnauthorized, Message: "sign in"}
			}
			return request, nil
		},
	}
	token := func(r *http.Request) string { return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") }
	withUser := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if name, ok := userOf(token(r)); ok {
				r = r.WithContext(context.WithValue(r.Context(), userKey{}, name))
			}
			next.ServeHTTP(w, r)
		})
	}
	server, err := fanql.NewServer(fanql.Config{
		Schema: schema, Hooks: hooks, Middleware: withUser,
		WebSocket: func(c *websocket.Config) { c.Origins = []string{"https://app.example.com"} },
		HTTP: func(c *graphqlhttp.Config) { // a stream has no connection_init: OnInit gets this
			c.ConnectionParams = func(r *http.Request) (map[string]any, error) { return map[string]any{"token": token(r)}, nil }
		},
	})
	// docs:end closed
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, token := range []string{"", "Bearer secret of ann"} {
		request := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{ hello }"}`))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", token)
		answer := httptest.NewRecorder()
		server.Handler().ServeHTTP(answer, request)
		body, _ := io.ReadAll(answer.Body)
		fmt.Println(answer.Code, strings.TrimSpace(string(body)))
	}
	// Output:
	// 401 {"errors":[{"message":"sign in"}]}
	// 200 {"data":{"hello":"world"}}
}
