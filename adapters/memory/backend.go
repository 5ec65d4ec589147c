package memory

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fanql/fanql/ports"
)

var (
	_ ports.Backend     = (*Backend)(nil)
	_ ports.EventSource = (*Backend)(nil)
	_ ports.History     = (*Backend)(nil)
)

// Config shapes a Backend. No field is required.
type Config struct {
	// Now is the clock by which rows expire and the events of histories age. Default: time.Now.
	Now func() time.Time
	// PageSize is how many subscribers a page has when the request leaves it to
	// the store. Default: 1000.
	PageSize int

	// MaxQueued is how many events the bus holds, those under way included,
	// before Publish answers ErrThrottled. Default: 100,000.
	MaxQueued int
	// MaxPayloadBytes is the size over which a payload is ErrTooLarge. Default: no
	// limit.
	MaxPayloadBytes int
	// MaxBatch is the most events that one delivery has. Default: 100.
	MaxBatch int
	// Workers is how many topics one Consume delivers at once. Default: 16.
	Workers int
	// MaxAttempts is how often an event is delivered before it is dropped.
	// Default: 10.
	MaxAttempts int
	// Backoff is how long a topic waits after an event of it has failed for the
	// given time, 1 and up. Default: a random part of a time that begins at 100 ms,
	// doubles with every attempt, and ends at 10 s.
	Backoff func(attempt int) time.Duration
	// DrainTimeout is how long deliveries that are under way when Consume's
	// context ends may go on before theirs ends. Default: 10 s.
	DrainTimeout time.Duration
	// OnDropped is called with each event that was given up, and its last verdict,
	// by the goroutine that delivered the event. Default: nothing is called.
	OnDropped func(event ports.Event, verdict error)
}

func (c Config) validate() error {
	return notNegative("New", "Config", []setting{
		{"PageSize", c.PageSize < 0},
		{"MaxQueued", c.MaxQueued < 0},
		{"MaxPayloadBytes", c.MaxPayloadBytes < 0},
		{"MaxBatch", c.MaxBatch < 0},
		{"Workers", c.Workers < 0},
		{"MaxAttempts", c.MaxAttempts < 0},
		{"DrainTimeout", c.DrainTimeout < 0},
	})
}

func (c Config) withDefaults() Config {
	c.PageSize = cmp.Or(c.PageSize, 1000)
	c.MaxQueued = cmp.Or(c.MaxQueued, 100_000)
	c.MaxBatch = cmp.Or(c.MaxBatch, 100)
	c.Workers = cmp.Or(c.Workers, 16)
	c.MaxAttempts = cmp.Or(c.MaxAttempts, 10)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 10*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Backoff == nil {
		c.Backoff = jitter
	}
	return c
}

// setting is a numeric field of a configuration.
type setting struct {
	name     string
	negative bool
}

// notNegative is the error of a constructor whose configuration has a negative
// number.
func notNegative(op, config string, settings []setting) error {
	for _, s := range settings {
		if s.negative {
			return invalid(op, "memory."+config+"."+s.name+" must not be negative")
		}
	}
	return nil
}

// invalid is the error of a constructor, in so many words.
func invalid(op, why string) error {
	return &ports.Error{Op: "memory." + op, Kind: ports.ErrInvalid, Err: errors.New(why)}
}

// jitter is the default Backoff.
func jitter(attempt int) time.Duration {
	longest := min(100*time.Millisecond<<min(attempt-1, 10), 10*time.Second)
	return rand.N(longest) //nolint:gosec // Spreading retries needs no secrecy.
}

// Backend is a whole backend in the memory of one process: a Store, a Bus and a
// History. It implements ports.Backend, ports.EventSource and ports.History and may
// be used by many goroutines at once.
//
// The sockets of all its connections are in one place: a second server that delivered its
// events would find those of the first gone, and remove their subscriptions. See Acquire.
type Backend struct {
	*Store
	*Bus
	*History

	acquired atomic.Bool // by a server
}

// Acquire has the backend for one server that holds sockets, until it calls release. It
// reports false while another has it. fanql.Server calls it as it begins to run. Consume
// does not ask for it: workers without sockets of their own may share a backend.
func (b *Backend) Acquire() (release func(), ok bool) {
	if b.acquired.Swap(true) {
		return nil, false
	}
	return sync.OnceFunc(func() { b.acquired.Store(false) }), true
}

// New returns an empty backend, for one server at a time (Backend.Acquire). ErrInvalid: a
// number is negative.
func New(config Config) (*Backend, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	return &Backend{Store: newStore(config), Bus: newBus(config), History: newHistory(config)}, nil
}
