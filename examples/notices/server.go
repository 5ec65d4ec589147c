package notices

import (
	"net/http"

	"github.com/fanql/fanql"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// NewServer makes a server. A nil backend is the process's own memory.
func NewServer(auth *Auth, hooks core.Hooks, backend ports.Backend, pages http.Handler) (*fanql.Server, error) {
	schema, err := NewSchema()
	if err != nil {
		return nil, err
	}
	// docs:start server
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	server, err := fanql.NewServer(fanql.Config{Schema: schema, Hooks: hooks, Backend: backend, Pages: mux, Middleware: auth.Middleware})
	if err != nil {
		return nil, err
	}
	mux.Handle("POST /sign-out", auth.SignOut(server.Engine().Publisher))
	return server, nil
	// docs:end server
}
