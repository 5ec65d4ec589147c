package core

import (
	"context"
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"github.com/fanql/fanql/core/internal/delivery"
	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/observe"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/core/internal/session"
	"github.com/fanql/fanql/ports"
)

// Config is what an Engine is made of. Schema and the four ports are required;
// every other zero field stands for its documented default.
type Config struct {
	Schema ports.Schema
	// Store is both of the stores, ConnectionStore and SubscriptionStore.
	Store  ports.Store
	Bus    ports.EventBus
	Pusher ports.Pusher
	// History has what topics keep (Keep). The backends of memory, DynamoDB and Redis
	// are one. The Bus must not be ports.Unordered. Default: none, and no topic keeps
	// anything.
	History ports.History

	// Hooks are called in the life of connections and operations.
	Hooks Hooks
	// NewContext prepares the context of one execution, or of one call of a
	// Subscribe resolver or of an Initial function: data loaders, the caller's
	// services. It runs once for each and must return a context derived from the one
	// it is given. Default: the context as it is.
	NewContext func(context.Context) context.Context

	// EventExtensions puts the ID of the event into every result of a delivery, as
	// {"extensions": {"event": {"id": ...}}}, so that clients can drop repeats. Where a
	// history keeps the event, its ID and its position, by which clients resume, are
	// there in any case. Default: no.
	EventExtensions bool

	// Observer makes traces and metrics of what the engine does. Default: none,
	// which costs nothing.
	Observer ports.Observer
	// Logger receives what the engine cannot tell anyone else. It never gets a
	// payload, a token or a connection's state, and is limited (ports.LimitLogger).
	// Default: slog.Default().
	Logger *slog.Logger
	// Now is the clock of everything that is stored, and of the deadlines of contexts: it
	// must not be far from the system's. Default: time.Now.
	Now func() time.Time
	// NewID makes the IDs of events, unique for ever. Default: 130 random bits.
	NewID func() string
	// Random returns numbers in [0, 1) for the jitter of retries. Default: the
	// generator of math/rand/v2.
	Random func() float64

	// ConnectionTTL is how long a connection's row lives without a KeepAlive.
	// API Gateway ends a socket after two hours, so there no row needs renewal.
	// Default: 3 hours.
	ConnectionTTL time.Duration
	// InitTimeout is how long a legacy start waits for the decision on the
	// connection_init that it overtook. Default: 3 seconds.
	InitTimeout time.Duration
	// ReorderWindow is how long a subscribe whose ID is in use waits for a
	// complete that it may have overtaken, before its ID counts as taken.
	// Default: 1 second.
	ReorderWindow time.Duration
	// MaxOperations is how many operations a connection may have at a time.
	// Default: 1000.
	MaxOperations int
	// MaxConnectionsPerIdentity is how many connections may have the same
	// Session.Identity at a time; one more is refused (4403). Counting costs every
	// connection_init a listing, and where there are as many already a push to each: a
	// crashed client's is forgotten. Default: 0, which means any number.
	MaxConnectionsPerIdentity int
	// MaxTopics is how many topics one subscription may have. Default: 50.
	MaxTopics int
	// MaxMessageBytes is how long a message of a client may be; a longer one ends
	// the connection (1009). Default: 128 KiB, as on API Gateway.
	MaxMessageBytes int
	// MaxMessagesPerSecond is how many messages a connection may send, as far as
	// this process receives them; ten times as many may come at once. More end the
	// connection (1008). Default: 100.
	MaxMessagesPerSecond int
	// MaxDepth is how deep the fields of a document may nest, fragments included.
	// GraphiQL's introspection has 13 levels or so. Default: 25.
	MaxDepth int
	// MaxAliases is how many aliases an operation may have once its fragments are
	// in place: with an alias a field can be executed many times. Default: 100.
	MaxAliases int
	// DisableIntrospection refuses documents that ask for __schema or __type. Error
	// messages still say which names a schema lacks: to hide a schema, use
	// OnlyTrusted.
	DisableIntrospection bool
	// TrustedDocuments are documents that clients may name instead of sending them,
	// by ID: a "documentId" in the payload (or the HTTP request), or the extension
	// "persistedQuery". ByHash makes IDs of texts. Default: none.
	TrustedDocuments map[string]string
	// OnlyTrusted refuses every document that is not one of TrustedDocuments. What
	// OnSubscribe puts in a request's place is trusted.
	OnlyTrusted bool
	// MaxFields is how many fields an operation may select once its fragments are in
	// place. Default: 5000.
	MaxFields int
	// MaxDocumentBytes is how long a document may be. Default: 128 KiB.
	MaxDocumentBytes int
	// MaxDocumentTokens is how many tokens a document may have. Default: 2000.
	MaxDocumentTokens int
	// MaxResponseBytes is how long the response of one execution may be; a longer one
	// is given up while it is made. Default: 8 MiB.
	MaxResponseBytes int
	// DocumentCacheBytes bounds the memory of the documents that are kept, with the
	// plans of their execution and the variables of subscriptions. Default: 16 MiB.
	DocumentCacheBytes int
	// PageSize is how many subscribers are asked for at a time. Default: 0,
	// which leaves it to the store.
	PageSize int
	// Reserve is how much of its context's deadline a delivery keeps back, at most half
	// of it: when no more is left, pushes that are under way are cut, their connections
	// get an error or are closed, and the delivery notes how far it got, and reports the
	// events unfinished. A deadline that a context gets later, as on a worker that has to
	// end (ports.Drainable), counts too. Default: 5 seconds.
	Reserve time.Duration
	// PushConcurrency is how many connections one delivery pushes to at a time, and how
	// many one connection_init at MaxConnectionsPerIdentity. Default: 64.
	PushConcurrency int
	// PushAttempts is how often a push that failed for now is tried in all,
	// before the subscriber counts as lost. Default: 4.
	PushAttempts int
}

func (c *Config) validate() error {
	for _, field := range []struct {
		name    string
		missing bool
	}{
		{"Schema", ports.IsMissing(c.Schema)},
		{"Store", ports.IsMissing(c.Store)},
		{"Bus", ports.IsMissing(c.Bus)},
		{"Pusher", ports.IsMissing(c.Pusher)},
	} {
		if field.missing {
			return invalid("New", "core.Config."+field.name+" is required")
		}
	}
	if _, ok := c.Bus.(ports.Unordered); ok && c.History != nil {
		return invalid("New", "core.Config.History needs a Bus that keeps an order between calls, which this one does not")
	}
	switch {
	case ports.IsNilPointer(c.History):
		return invalid("New", "core.Config.History is a nil pointer: leave it out, or set one that was made")
	case ports.IsNilPointer(c.Observer):
		return invalid("New", "core.Config.Observer is a nil pointer: leave it out, or set one that was made")
	}
	for _, field := range []struct {
		name     string
		negative bool
	}{
		{"ConnectionTTL", c.ConnectionTTL < 0},
		{"InitTimeout", c.InitTimeout < 0},
		{"ReorderWindow", c.ReorderWindow < 0},
		{"MaxOperations", c.MaxOperations < 0},
		{"MaxConnectionsPerIdentity", c.MaxConnectionsPerIdentity < 0},
		{"MaxTopics", c.MaxTopics < 0},
		{"MaxMessageBytes", c.MaxMessageBytes < 0},
		{"MaxMessagesPerSecond", c.MaxMessagesPerSecond < 0},
		{"MaxDepth", c.MaxDepth < 0},
		{"MaxAliases", c.MaxAliases < 0},
		{"MaxFields", c.MaxFields < 0},
		{"MaxDocumentBytes", c.MaxDocumentBytes < 0},
		{"MaxDocumentTokens", c.MaxDocumentTokens < 0},
		{"MaxResponseBytes", c.MaxResponseBytes < 0},
		{"DocumentCacheBytes", c.DocumentCacheBytes < 0},
		{"PageSize", c.PageSize < 0},
		{"Reserve", c.Reserve < 0},
		{"PushConcurrency", c.PushConcurrency < 0},
		{"PushAttempts", c.PushAttempts < 0},
	} {
		if field.negative {
			return invalid("New", "core.Config."+field.name+" must not be negative")
		}
	}
	return nil
}

func (c *Config) setDefaults() {
	setDefault(&c.ConnectionTTL, 3*time.Hour)
	setDefault(&c.InitTimeout, 3*time.Second)
	setDefault(&c.ReorderWindow, time.Second)
	setDefault(&c.MaxOperations, 1000)
	setDefault(&c.MaxTopics, 50)
	setDefault(&c.MaxMessageBytes, 128<<10)
	setDefault(&c.MaxMessagesPerSecond, 100)
	setDefault(&c.MaxDepth, 25)
	setDefault(&c.MaxAliases, 100)
	setDefault(&c.MaxFields, 5000)
	setDefault(&c.MaxDocumentBytes, 128<<10)
	setDefault(&c.MaxDocumentTokens, 2000)
	setDefault(&c.MaxResponseBytes, 8<<20)
	setDefault(&c.DocumentCacheBytes, 16<<20)
	setDefault(&c.Reserve, 5*time.Second)
	setDefault(&c.PushConcurrency, 64)
	setDefault(&c.PushAttempts, 4)
	if c.NewContext == nil {
		c.NewContext = func(ctx context.Context) context.Context { return ctx }
	}
	c.Logger = ports.LimitLogger(c.Logger)
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the default of that clock
	}
	if c.NewID == nil {
		c.NewID = rand.Text
	}
	if c.Random == nil {
		c.Random = mathrand.Float64
	}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// What each room is given of the configuration.

func (c *Config) run(calls hooks.Calls, observation observe.Observation) run.Config {
	return run.Config{
		Schema: c.Schema,
		Limits: ports.Limits{
			Bytes: c.MaxDocumentBytes, Tokens: c.MaxDocumentTokens,
			Depth: c.MaxDepth, Aliases: c.MaxAliases, Fields: c.MaxFields,
			NoIntrospection: c.DisableIntrospection,
		},
		CacheBytes: c.DocumentCacheBytes, Calls: calls, Observation: observation, NewContext: c.NewContext,
		Trusted: c.TrustedDocuments, OnlyTrusted: c.OnlyTrusted,
		EventExtensions: c.EventExtensions, MaxResponseBytes: c.MaxResponseBytes, MaxTopics: c.MaxTopics,
	}
}

func (c *Config) peer(calls hooks.Calls, observation observe.Observation) peer.Config {
	return peer.Config{
		Store: c.Store, Pusher: c.Pusher, Calls: calls, Observation: observation,
		Now: c.Now, Random: c.Random, Attempts: c.PushAttempts,
	}
}

func (c *Config) session(runner *run.Runner, peers *peer.Peers, catcher session.Catcher) session.Config {
	return session.Config{
		History: c.History, Catcher: catcher, MaxTopics: c.MaxTopics,
		Store: c.Store, Runner: runner, Peers: peers, Calls: peers.Calls, Observation: peers.Observation, Now: c.Now,
		ConnectionTTL: c.ConnectionTTL, InitTimeout: c.InitTimeout, ReorderWindow: c.ReorderWindow,
		MaxOperations: c.MaxOperations, MaxConnectionsPerIdentity: c.MaxConnectionsPerIdentity,
		MaxMessageBytes: c.MaxMessageBytes, MaxMessagesPerSecond: c.MaxMessagesPerSecond, PageSize: c.PageSize, PushConcurrency: c.PushConcurrency,
	}
}

func (c *Config) delivery(runner *run.Runner, peers *peer.Peers) delivery.Config {
	return delivery.Config{
		History: c.History, Bus: c.Bus, NewID: c.NewID,
		Store: c.Store, Runner: runner, Peers: peers, Calls: peers.Calls, Observation: peers.Observation, Now: c.Now,
		PageSize: c.PageSize, Reserve: c.Reserve, PushConcurrency: c.PushConcurrency,
		Sharing: delivery.Exact(),
	}
}
