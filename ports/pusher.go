package ports

import "context"

// Frame is one message to a client, in three parts so that many frames can
// share one payload. The parts are never modified and may be retained.
type Frame struct {
	Head, Payload, Tail []byte
}

// Len is the size of the message in bytes.
func (f Frame) Len() int { return len(f.Head) + len(f.Payload) + len(f.Tail) }

// AppendTo appends the whole message to b and returns the extended slice.
func (f Frame) AppendTo(b []byte) []byte {
	b = append(b, f.Head...)
	b = append(b, f.Payload...)
	return append(b, f.Tail...)
}

// Tagger is a Pusher that finds connections again by listing topics: to renew them,
// or to show their clients that they are served.
type Tagger interface {
	Pusher
	// Tags are topics that the engine adds to those of every subscription on a
	// connection. Nothing is published on them. They begin with "fanql:", as no topic
	// of a user does.
	Tags(address Address) []Topic
}

// Pusher sends to clients. Frames pushed to one connection one after the other
// arrive in that order.
type Pusher interface {
	// Push sends one text message, and may return before the client has it.
	// ErrGone: there is no such socket any more. ErrTooLarge: the frame is over
	// the transport's limit and was not sent. ErrThrottled: not sent; try later.
	// After any other error the message may or may not have arrived.
	Push(ctx context.Context, to Address, frame Frame) error

	// Close ends a socket, after what was pushed before. A socket that is gone
	// is success. A transport that cannot send a code drops it, and sees to it
	// otherwise that a client which must not come back does not. Reason is at
	// most 123 bytes of UTF-8 (RFC 6455, section 5.5).
	Close(ctx context.Context, to Address, code int, reason string) error
}

// Batcher is a Pusher which takes frames for many connections together at less cost than
// one by one, as where they cross a network in one message.
type Batcher interface {
	Pusher
	// PushAll pushes to several connections, none of which is named twice, and has a
	// result for each. Where it does not accept a frame, it sends none of the later ones
	// to that connection. It takes no longer than Push: a connection that has not answered
	// by then has an error, and the results of the others are what became of them.
	PushAll(ctx context.Context, pushes []Push) []Pushed
}

// Push is frames for one connection, in their order.
type Push struct {
	To     Address
	Frames []Frame
}

// Pushed is what became of a Push. Accepted is how many of its frames were accepted, the
// first ones. Err is what Pusher.Push would have returned for the one after them; if it is
// nil and frames are left, those were not tried.
type Pushed struct {
	Accepted int
	Err      error
}
