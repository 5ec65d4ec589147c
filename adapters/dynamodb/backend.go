package dynamodb

import (
	"cmp"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/ports"
)

var _ ports.Backend = (*Backend)(nil)

// Config is how a Backend is made. Client is required; every other zero field
// stands for its default. Negative numbers are refused.
type Config struct {
	// Client makes the requests. It stays the caller's.
	Client *dynamodb.Client
	// Prefix comes before the default names of the tables. Default: none.
	Prefix string
	// Tables are the names of the tables, without Prefix, no two the same. Default of each:
	// Prefix and connections, subscriptions or events.
	Tables Tables
	// EventTTL is how long a topic's latest item stays in the events table, where
	// nothing reads it. Default: 1 h.
	EventTTL time.Duration
	// Logger receives the records that a stream handler skips, and the batches that
	// it has repeated. It is limited (ports.LimitLogger). Default: slog.Default().
	Logger *slog.Logger
	// Now is the clock by which rows expire. Default: time.Now, and each call fails with a
	// ports.ClockError if that is more than 5 minutes from the clock of DynamoDB, whose
	// answers have the time.
	Now func() time.Time
	// Random returns numbers in [0, 1) for the jitter of retries. Default:
	// math/rand/v2.Float64.
	Random func() float64
}

// Backend keeps connections, operations and checkpoints in DynamoDB, and
// publishes through it. It implements ports.Backend and may be used concurrently.
// A Lambda function delivers what is published: StreamHandler.
type Backend struct {
	client   *dynamodb.Client
	tables   Tables
	eventTTL time.Duration
	logger   *slog.Logger
	now      func() time.Time
	random   func() float64
	ends     ends
}

// New returns a backend on tables that exist. It does no I/O. ErrInvalid: a field
// is missing or wrong; the error names it.
func New(config Config) (*Backend, error) {
	switch {
	case config.Client == nil:
		return nil, invalid("New", "dynamodb.Config.Client is required")
	case config.EventTTL < 0:
		return nil, invalid("New", "dynamodb.Config.EventTTL must not be negative")
	}
	tables := config.Tables.withDefaults(config.Prefix)
	if err := tables.validate(); err != nil {
		return nil, err
	}
	b := &Backend{
		client: config.Client, tables: tables,
		eventTTL: cmp.Or(config.EventTTL, time.Hour),
		logger:   ports.LimitLogger(config.Logger),
		now:      config.Now, random: config.Random,
	}
	if b.now == nil {
		b.now, b.client = time.Now, withClock(config.Client)
	}
	if b.random == nil {
		b.random = mathrand.Float64
	}
	return b, nil
}

// Tables are the names of the backend's tables.
func (b *Backend) Tables() Tables { return b.tables }
