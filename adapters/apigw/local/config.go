package local

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/fanql/fanql/ports"
)

// Config shapes a Gateway. Function is required; every other zero field stands
// for its default, which for limits is AWS's. Negative numbers are refused.
type Config struct {
	// Function is behind every route.
	Function Function
	// Concurrency is how many invocations there may be at a time; others wait.
	// Default: no limit.
	Concurrency int
	// Logger receives invocations that fail. Nil: silent.
	Logger *slog.Logger

	// Stage is the first segment of every path. Default: local.
	Stage string
	// Routes are the custom routes' keys. What matches none goes to $default.
	Routes []string
	// RouteSelection is the route selection expression. Only a member of the
	// body can be named. Default: $request.body.action.
	RouteSelection string
	// RouteResponses sends a body that the function answers to the client, as
	// route responses do on AWS. Default: it is dropped.
	RouteResponses bool
	// Authorizer, if set, decides before $connect. Its context is in every event
	// of the connection, the values as strings. False answers 403.
	Authorizer func(*http.Request) (authorizer map[string]any, ok bool)

	// FrameLimit and MessageLimit are in bytes; what is longer closes with 1009.
	// MessageLimit holds for posts too. Default: 32 KiB, 128 KiB.
	FrameLimit, MessageLimit int64
	// IntegrationTimeout is how long an invocation may take. Default: 29 s.
	IntegrationTimeout time.Duration
	// IdleTimeout closes a connection without a frame or a post. Default: 10 min.
	IdleTimeout time.Duration
	// Lifetime is how long a connection may last at most. Default: 2 h.
	Lifetime time.Duration
	// CloseTimeout is how long a client may take to answer a close frame.
	// Default: 5 s.
	CloseTimeout time.Duration
	// QueuedPosts is how many posts may wait for a client that does not receive
	// them before they are answered with 429, 65,536 at most. Default: 256.
	QueuedPosts int

	// NoDisconnect loses every $disconnect.
	NoDisconnect bool
	// ReorderWithin delays each message by a random time up to it, so that a later
	// one may come first. Default: none.
	ReorderWithin time.Duration
	// Seed is what those times are drawn from.
	Seed uint64

	// Now is the clock of events. Default: time.Now.
	Now func() time.Time
}

func (c Config) validate() error {
	if ports.IsMissing(c.Function) {
		return invalid("NewGateway", "local.Config.Function is required")
	}
	for _, field := range []struct {
		name     string
		negative bool
	}{
		{"Concurrency", c.Concurrency < 0},
		{"FrameLimit", c.FrameLimit < 0},
		{"MessageLimit", c.MessageLimit < 0},
		{"IntegrationTimeout", c.IntegrationTimeout < 0},
		{"IdleTimeout", c.IdleTimeout < 0},
		{"Lifetime", c.Lifetime < 0},
		{"CloseTimeout", c.CloseTimeout < 0},
		{"QueuedPosts", c.QueuedPosts < 0},
		{"ReorderWithin", c.ReorderWithin < 0},
	} {
		if field.negative {
			return invalid("NewGateway", "local.Config."+field.name+" must not be negative")
		}
	}
	if c.QueuedPosts > maxQueuedPosts {
		return invalid("NewGateway", fmt.Sprintf("local.Config.QueuedPosts is %d, and has to be %d at most", c.QueuedPosts, maxQueuedPosts))
	}
	return nil
}

// maxQueuedPosts bounds what each connection makes room for as it opens.
const maxQueuedPosts = 1 << 16

// invalid is the error of a constructor for a field of its configuration.
func invalid(op, text string) error {
	return &ports.Error{Op: "local." + op, Kind: ports.ErrInvalid, Err: errors.New(text)}
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Stage = cmp.Or(c.Stage, "local")
	c.RouteSelection = cmp.Or(c.RouteSelection, "$request.body.action")
	c.FrameLimit = cmp.Or(c.FrameLimit, 32<<10)
	c.MessageLimit = cmp.Or(c.MessageLimit, 128<<10)
	c.IntegrationTimeout = cmp.Or(c.IntegrationTimeout, 29*time.Second)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 10*time.Minute)
	c.Lifetime = cmp.Or(c.Lifetime, 2*time.Hour)
	c.CloseTimeout = cmp.Or(c.CloseTimeout, 5*time.Second)
	c.QueuedPosts = cmp.Or(c.QueuedPosts, 256)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
