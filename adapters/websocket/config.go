package websocket

import (
	"cmp"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/fanql/fanql/ports"
)

// SlowConsumer says what happens when a client does not take what is pushed and
// its queue is full.
type SlowConsumer int

// The policies for slow consumers.
const (
	// CloseSlowConsumer drops what waits and closes the connection with 1013
	// (try again later), so that the client connects and subscribes afresh.
	// Push returns ErrGone.
	CloseSlowConsumer SlowConsumer = iota
	// ThrottleSlowConsumer keeps the connection. Push returns ErrThrottled.
	ThrottleSlowConsumer
)

// Config shapes a Server. Every zero field stands for the default it names.
type Config struct {
	// Logger receives failures and panics of the engine, and the handshakes and streams
	// that are refused for their origin. It is limited (ports.LimitLogger). Default: slog.Default().
	Logger *slog.Logger
	// Endpoint goes into the address of every connection. It tells this process
	// from others that serve the same stores. Default: empty.
	Endpoint string

	// Origins are patterns (path.Match, any case) of hosts that pages may connect
	// from, or of whole origins when they contain "://": "app.example.com",
	// "*.example.com", "https://app.example.com", "*" for all. A request whose
	// Origin is its own Host passes always, and so does one without Origin: no
	// browser sent it. Default: none, so that a page on another host cannot connect.
	Origins []string
	// CheckOrigin, if set, decides instead.
	CheckOrigin func(*http.Request) bool
	// MaxConnections answers handshakes beyond it with 503 and a Retry-After.
	// Handshakes that are being decided count. Default: no limit.
	MaxConnections int
	// HandshakeTimeout is how long Engine.Connect may take; its context ends then.
	// How long a client may take to ask, and how much it may say, is for http.Server
	// to bound: ReadHeaderTimeout and MaxHeaderBytes. Default: 10 s.
	HandshakeTimeout time.Duration

	// MaxMessageBytes is how long a message of a client may be; a longer one closes
	// with 1009 before it is in memory. Default: 128 KiB, as on API Gateway.
	MaxMessageBytes int
	// MaxConcurrent is how many messages of one connection are handled at a
	// time. Beyond it the connection is not read. Default: 8.
	MaxConcurrent int
	// MaxConcurrentTotal is the same for all connections together. Beyond it each
	// connection waits for its turn with one message, first come, first served, so
	// that those who say much do not keep waiting who says little. Half of it is kept
	// for connections of which no other message is handled, and an eighth for the first
	// message of connections, so that those whose operations hang do not keep others
	// out. Default: 1,024.
	MaxConcurrentTotal int
	// MaxConcurrentPerIdentity is the same for the connections of one identity
	// (ports.Session.Identity), so that who opens many connections does not take all
	// places. Connections that were accepted without an identity have no such
	// bound. Default: a quarter of MaxConcurrentTotal.
	MaxConcurrentPerIdentity int
	// HandleTimeout is how long a message may be handled. Then its context ends, and
	// the engine ends its operation with an error. What does not end with its context
	// keeps its place. Default: 30 s.
	HandleTimeout time.Duration
	// ReadTimeout is how long a message may take to arrive, from its first byte to its
	// last. A slower one closes with 1008. Default: 20 s.
	ReadTimeout time.Duration
	// FramesPerSecond is how many WebSocket frames a connection may send, of every
	// kind: messages, their fragments, pings. It may save up as many as a second
	// has; who sends more is read more slowly. Default: 1,000.
	FramesPerSecond int

	// InitTimeout is how long a client has for its connection_init before
	// Engine.ExpireInit is called. Default: 3 s.
	InitTimeout time.Duration
	// KeepAlive is the interval of pings and of Engine.KeepAlive. A client that sends
	// nothing at all from one ping to the next, no pong either, is taken for dead.
	// Default: 15 s.
	KeepAlive time.Duration
	// CloseTimeout is how long a closed connection waits for the client's close
	// frame. Default: 5 s.
	CloseTimeout time.Duration

	// WriteTimeout is how long a single write may take. Default: 10 s.
	WriteTimeout time.Duration
	// FlushDelay is the longest that a writer rests after a round of writes, so
	// that what is pushed meanwhile shares a system call with what comes later.
	// It rests in proportion to the round, and not at all after a few frames. Answers do
	// not wait: when no message of a client is being handled any more, all that it has
	// been pushed goes out.
	// Less than 100 µs is not worth a timer: then only frames which wait anyway share
	// a call. Default: 10 ms.
	FlushDelay time.Duration
	// MaxQueuedFrames and MaxQueuedBytes bound what waits for a client that does
	// not take it. A frame that finds the queue empty is taken, however long.
	// Default: 1,024 frames, 1 MiB.
	MaxQueuedFrames, MaxQueuedBytes int
	// SlowConsumer is what happens at that bound. Default: CloseSlowConsumer.
	SlowConsumer SlowConsumer

	// DrainTime is what Shutdown spreads its closes over, so that clients do not
	// all come back to other processes in the same instant. Between two closes it
	// lets no more than 10 ms pass, and it takes at most half of the time that
	// its context has left. Default: 5 s.
	DrainTime time.Duration
	// CheckTimeout is how long the checks of Ready may take together. Default:
	// 1 s.
	CheckTimeout time.Duration

	// Now is the clock for ReceivedAt. Default: time.Now.
	Now func() time.Time
	// NewID makes connection IDs, which must be unique and hard to guess.
	// Default: crypto/rand.Text.
	NewID func() string
}

// validate returns an error that names the field for a setting that cannot be used.
func (c *Config) validate() error {
	for _, field := range []struct {
		name     string
		negative bool
	}{
		{"MaxConnections", c.MaxConnections < 0},
		{"HandshakeTimeout", c.HandshakeTimeout < 0},
		{"MaxMessageBytes", c.MaxMessageBytes < 0},
		{"MaxConcurrent", c.MaxConcurrent < 0},
		{"MaxConcurrentTotal", c.MaxConcurrentTotal < 0},
		{"MaxConcurrentPerIdentity", c.MaxConcurrentPerIdentity < 0},
		{"HandleTimeout", c.HandleTimeout < 0},
		{"ReadTimeout", c.ReadTimeout < 0},
		{"FramesPerSecond", c.FramesPerSecond < 0},
		{"InitTimeout", c.InitTimeout < 0},
		{"KeepAlive", c.KeepAlive < 0},
		{"CloseTimeout", c.CloseTimeout < 0},
		{"WriteTimeout", c.WriteTimeout < 0},
		{"FlushDelay", c.FlushDelay < 0},
		{"MaxQueuedFrames", c.MaxQueuedFrames < 0},
		{"MaxQueuedBytes", c.MaxQueuedBytes < 0},
		{"SlowConsumer", c.SlowConsumer < 0},
		{"DrainTime", c.DrainTime < 0},
		{"CheckTimeout", c.CheckTimeout < 0},
	} {
		if field.negative {
			return invalid("websocket.Config." + field.name + " must not be negative")
		}
	}
	if c.SlowConsumer > ThrottleSlowConsumer {
		return invalid("websocket.Config.SlowConsumer is none of the policies")
	}
	if err := ports.CheckOrigins(c.Origins); err != nil {
		return invalid("websocket.Config.Origins: " + err.Error())
	}
	return nil
}

func invalid(text string) error {
	return &ports.Error{Op: "websocket.NewServer", Kind: ports.ErrInvalid, Err: errors.New(text)}
}

func (c Config) withDefaults() Config {
	c.Logger = ports.LimitLogger(c.Logger)
	c.HandshakeTimeout = cmp.Or(c.HandshakeTimeout, 10*time.Second)
	c.MaxMessageBytes = cmp.Or(c.MaxMessageBytes, 128<<10)
	c.MaxConcurrent = cmp.Or(c.MaxConcurrent, 8)
	c.MaxConcurrentTotal = cmp.Or(c.MaxConcurrentTotal, 1024)
	c.MaxConcurrentPerIdentity = cmp.Or(c.MaxConcurrentPerIdentity, max(c.MaxConcurrentTotal/4, 1))
	c.HandleTimeout = cmp.Or(c.HandleTimeout, 30*time.Second)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, 20*time.Second)
	c.FramesPerSecond = cmp.Or(c.FramesPerSecond, 1000)
	c.InitTimeout = cmp.Or(c.InitTimeout, 3*time.Second)
	c.KeepAlive = cmp.Or(c.KeepAlive, 15*time.Second)
	c.CloseTimeout = cmp.Or(c.CloseTimeout, 5*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 10*time.Second)
	c.FlushDelay = cmp.Or(c.FlushDelay, 10*time.Millisecond)
	c.MaxQueuedFrames = cmp.Or(c.MaxQueuedFrames, 1024)
	c.MaxQueuedBytes = cmp.Or(c.MaxQueuedBytes, 1<<20)
	c.DrainTime = cmp.Or(c.DrainTime, 5*time.Second)
	c.CheckTimeout = cmp.Or(c.CheckTimeout, time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = rand.Text
	}
	return c
}
