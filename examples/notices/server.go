package notices

import (
	"net/http"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// NewServer makes a server, which is to run, and the handler to serve meanwhile. A nil
// backend is the process's own memory.
func NewServer(auth *Auth, hooks core.Hooks, backend ports.Backend, pages http.Handler) (*fanql.Server, http.Handler, error) {
	schema, err := NewSchema()
	if err != nil {
		return nil, nil, err
	}
	// docs:start server
	server, err := fanql.NewServer(fanql.Config{Schema: schema, Hooks: hooks, Backend: backend, Pages: pages})
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", server.Handler())
	mux.Handle("POST /sign-out", auth.SignOut(server.Engine().Publisher))
	return server, auth.Middleware(mux), nil
	// docs:end server
}
