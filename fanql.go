// Package fanql is a whole server of GraphQL with subscriptions: sockets, streams and
// HTTP on one path, probes, delivery of events, membership of a fleet, and the order in
// which all of that starts and stops.
//
//	server, err := fanql.NewServer(fanql.Config{Schema: schema})
//	if err != nil {
//		log.Fatal(err)
//	}
//	log.Fatal(server.ListenAndServe(ctx, ":8080"))
//
// Everything is in memory until Config.Backend says otherwise. On a backend that is
// a ports.Fleet, such as that of adapters/redis, the same program is one of a fleet,
// of which each member reaches the clients of all.
//
// The parts are those of adapters/websocket, adapters/graphqlhttp and core. A
// program that needs another composition makes them itself, as this package does.
package fanql

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/fanql/fanql/adapters/callback"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// Config is what a Server is made of. Schema is required; every other zero field
// stands for its default. Negative numbers are refused.
type Config struct {
	// Schema is what clients are served.
	Schema ports.Schema
	// Hooks are called in the life of connections and operations.
	Hooks core.Hooks
	// Backend keeps connections and operations, and carries the events. It is a
	// ports.EventSource, since the server delivers what it carries. One that is no
	// ports.Fleet is for one server at a time, which may have several listeners
	// (Server.Handler): each of two would find the sockets of the other gone, and remove
	// their subscriptions. Default: the memory of this process.
	Backend ports.Backend
	// Process is the name of this process, where Backend is a ports.Fleet: no other
	// process of the fleet that is alive has it. Default: the name of the host and a
	// random text.
	Process string

	// Path is where GraphQL is served, over sockets, over streams (server-sent events and
	// multipart) and over HTTP. Default: /graphql.
	Path string
	// Pages answers the requests for all other paths but /livez and /readyz.
	// Default: 404.
	Pages http.Handler
	// Middleware wraps what answers all paths but those of the probes, to know who asks,
	// say. NewServer calls it once. What it hands on has to unwrap to the
	// http.ResponseWriter that it is given (http.ResponseController), for sockets and
	// streams. Default: none.
	Middleware func(http.Handler) http.Handler
	// Debug counts what the server does, for Server.Debug. It costs a lock for each
	// delivery. Default: nothing is counted.
	Debug bool
	// Checks are asked by /readyz, besides the store. Default: none.
	Checks []websocket.Check
	// Callbacks also serves federated routers that give callback URLs for their
	// subscriptions. Its Logger and MaxBodyBytes are the server's unless they are set.
	// Default: such a request is answered as any other over HTTP.
	Callbacks *callback.Config
	// ShutdownTimeout is how long clients are given to go once the server is to stop.
	// Delivery goes on for that time; then the backend hands over what is left, for
	// which it may have a limit of its own. Default: 20 s.
	ShutdownTimeout time.Duration
	// Logger receives what nobody else does. It is limited (ports.LimitLogger). Default:
	// slog.Default().
	Logger *slog.Logger

	// Core, WebSocket and HTTP change the configurations of the parts. Each is called
	// once, by NewServer, with what the fields above come to. Pusher is the server's
	// own, and set after Core. Whatever Bus is then has to publish to Backend, whose
	// events the server delivers. Default: nothing is changed.
	Core      func(*core.Config)
	WebSocket func(*websocket.Config)
	HTTP      func(*graphqlhttp.Config)
}

func (c *Config) validate() error {
	switch {
	case ports.IsMissing(c.Schema):
		return invalid("NewServer", "fanql.Config.Schema is required")
	case ports.IsNilPointer(c.Backend):
		return invalid("NewServer", "fanql.Config.Backend is a nil pointer: its constructor has failed")
	case ports.IsNilPointer(c.Pages):
		return invalid("NewServer", "fanql.Config.Pages is a nil pointer: leave it out, or set one that was made")
	case c.ShutdownTimeout < 0:
		return invalid("NewServer", "fanql.Config.ShutdownTimeout must not be negative")
	case c.Path != "" && !strings.HasPrefix(c.Path, "/"):
		return invalid("NewServer", "fanql.Config.Path must begin with a slash")
	case strings.ContainsAny(c.Path, "?#"):
		return invalid("NewServer", fmt.Sprintf("fanql.Config.Path is %q, and has to be a path alone, without ? and #", c.Path))
	case c.Path == "/livez" || c.Path == "/readyz":
		return invalid("NewServer", "fanql.Config.Path must not be /livez or /readyz, which are the probes'")
	}
	for i, check := range c.Checks {
		if check == nil {
			return invalid("NewServer", fmt.Sprintf("fanql.Config.Checks[%d] is nil, and has to be a function", i))
		}
	}
	if _, ok := c.Backend.(ports.EventSource); c.Backend != nil && !ok {
		return invalid("NewServer", "fanql.Config.Backend must be a ports.EventSource: nothing would deliver its events")
	}
	return nil
}

func (c *Config) setDefaults() {
	c.Path = cmp.Or(c.Path, "/graphql")
	c.ShutdownTimeout = cmp.Or(c.ShutdownTimeout, 20*time.Second)
	c.Logger = ports.LimitLogger(c.Logger)
	if c.Pages == nil {
		c.Pages = http.NotFoundHandler()
	}
	if c.Process == "" {
		host, _ := os.Hostname() // the rest of the name is enough
		c.Process = host + "-" + rand.Text()
	}
}

// invalid is the error of a call that no repetition mends.
func invalid(op, text string) error {
	return &ports.Error{Op: "fanql." + op, Kind: ports.ErrInvalid, Err: errors.New(text)}
}
