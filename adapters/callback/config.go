package callback

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/fanql/fanql/ports"
)

// Config shapes Callbacks. Allow is required; every other zero field stands for its
// default. Negative numbers are refused.
type Config struct {
	// Allow are the callback URLs that may be posted to, by how they begin: scheme,
	// host, port and the folders of the path, such as
	// "https://router.example.com:4040/callback". A host that begins with "*." stands
	// for all hosts below it. A URL that does not match is refused (403), and one that
	// a row has from an earlier configuration counts as gone.
	Allow []string
	// PrivateAddresses are the addresses that may be connected to although they are
	// not public: loopback, private networks, link-local ones and so on. What counts is
	// the address that is dialed, whatever name it was resolved from. An IP address that
	// is a host in Allow is one of them. Default: none else.
	PrivateAddresses []netip.Prefix
	// Dial connects to the host of a callback URL in place of a net.Dialer: through a proxy,
	// say, or in the memory of a test. What it connects to is its own decision:
	// PrivateAddresses has no effect then. Default: a net.Dialer that connects to public
	// addresses and PrivateAddresses.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Timeout bounds one post, from the dialing to the end of the answer. Default: 2 s.
	Timeout time.Duration
	// GiveUp is how long a callback may fail, or the host of it, and at each of several
	// tries, before its subscription counts as gone; where the host takes the posts of
	// others meanwhile, a third of that. Default: 10 s.
	GiveUp time.Duration
	// MinHeartbeat is the shortest interval of heartbeats that a router may ask for;
	// a shorter one is refused (400). At least 1250 ms. Default: 5 s.
	MinHeartbeat time.Duration
	// NoHeartbeats refuses requests for heartbeats (400): where neither Run nor Beat is
	// called. Rows are then not renewed either, so that a subscription lives as long as
	// core.Config.ConnectionTTL. Default: heartbeats are promised.
	NoHeartbeats bool
	// Concurrency is how many heartbeats are under way at a time. Default: 64.
	Concurrency int
	// MaxIdleConnections is how many HTTP connections are kept for later, for each
	// host. Default: 128.
	MaxIdleConnections int
	// MaxBodyBytes is how long a request may be. Default: 128 KiB.
	MaxBodyBytes int
	// Logger receives what was refused, and which subscriptions a router has ended
	// with an error. It never gets a verifier, and is limited (ports.LimitLogger).
	// Default: slog.Default().
	Logger *slog.Logger
	// Now is the clock of heartbeats and of GiveUp. Default: time.Now.
	Now func() time.Time
}

func (c *Config) validate() error {
	if len(c.Allow) == 0 {
		return invalid("callback.Config.Allow is required")
	}
	for _, field := range []struct {
		name     string
		negative bool
	}{
		{"Timeout", c.Timeout < 0},
		{"GiveUp", c.GiveUp < 0},
		{"Concurrency", c.Concurrency < 0},
		{"MaxIdleConnections", c.MaxIdleConnections < 0},
		{"MaxBodyBytes", c.MaxBodyBytes < 0},
	} {
		if field.negative {
			return invalid(fmt.Sprintf("callback.Config.%s must not be negative", field.name))
		}
	}
	if c.MinHeartbeat != 0 && c.MinHeartbeat < leastHeartbeat {
		return invalid(fmt.Sprintf("callback.Config.MinHeartbeat must be at least %v", leastHeartbeat))
	}
	return nil
}

func (c *Config) setDefaults() {
	c.Timeout = cmp.Or(c.Timeout, 2*time.Second)
	c.GiveUp = cmp.Or(c.GiveUp, 10*time.Second)
	c.MinHeartbeat = cmp.Or(c.MinHeartbeat, 5*time.Second)
	c.Concurrency = cmp.Or(c.Concurrency, 64)
	c.MaxIdleConnections = cmp.Or(c.MaxIdleConnections, 128)
	c.MaxBodyBytes = cmp.Or(c.MaxBodyBytes, 128<<10)
	c.Logger = ports.LimitLogger(c.Logger)
	if c.Now == nil {
		c.Now = time.Now
	}
}

// Callbacks are subscriptions whose results are posted to callback URLs. They are a
// Pusher for them, a Handler for the requests of routers, and their heartbeats. All
// methods may be called concurrently.
type Callbacks struct {
	config    Config
	allowed   []allowed
	transport http.RoundTripper
	closeIdle func()
	turns     *turns // of posts
	requests  *turns // of a router's requests for one subscription
	health    *health
	slots     chan struct{} // of heartbeats
	process   string        // tells this one from others in claims
}

var (
	_ ports.Pusher = (*Callbacks)(nil)
	_ ports.Tagger = (*Callbacks)(nil)
)

// New returns Callbacks. It does no I/O. ErrInvalid: a field is missing or wrong; the
// error names it.
func New(config Config) (*Callbacks, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config.setDefaults()
	allowed, private, err := parseAllowed(config.Allow)
	if err != nil {
		return nil, err
	}
	transport := newTransport(guard{private: append(private, config.PrivateAddresses...)}, config)
	return &Callbacks{
		config: config, allowed: allowed, transport: transport, closeIdle: transport.CloseIdleConnections,
		turns: newTurns(), requests: newTurns(), health: newHealth(config.Now, config.GiveUp),
		slots: make(chan struct{}, config.Concurrency), process: rand.Text(),
	}, nil
}

// CloseIdleConnections closes the HTTP connections that are kept for later.
func (c *Callbacks) CloseIdleConnections() { c.closeIdle() }

// invalid is the error of New.
func invalid(text string) error {
	return &ports.Error{Op: "callback.New", Kind: ports.ErrInvalid, Err: errors.New(text)}
}
