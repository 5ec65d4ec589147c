package apigw

import (
	"context"
	"sync"

	"github.com/fanql/fanql/ports"
)

// reply is the place that an invocation keeps for the frame which leaves in its
// own response. Only the last frame can: API Gateway sends the response when the
// invocation is over, after everything that was posted before.
type reply struct {
	connection ports.ConnectionID

	mu    sync.Mutex         // held while the frame before is posted, so that order is kept
	frame []byte             // nil: none is held
	post  func([]byte) error // how to send it otherwise
	ended bool               // the response is written; frames are posted as usual
}

// replyKey is the context key of the invocation's *reply.
type replyKey struct{}

func withReply(ctx context.Context, r *reply) context.Context {
	return context.WithValue(ctx, replyKey{}, r)
}

// replyFor finds the place for a frame to the connection; nil where the context
// is not that of an invocation which answers this connection.
func replyFor(ctx context.Context, to ports.Address) *reply {
	r, _ := ctx.Value(replyKey{}).(*reply)
	if r == nil || r.connection != to.ID {
		return nil
	}
	return r
}

// hold keeps a frame and posts the one before it. If that cannot be posted it
// stays, and the new one is not taken. False: the invocation is over.
func (r *reply) hold(frame []byte, post func([]byte) error) (held bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return false, nil
	}
	if err := r.flushLocked(); err != nil {
		return true, err
	}
	r.frame, r.post = frame, post
	return true, nil
}

// flush posts the frame that is held, because it cannot leave in the response:
// the socket is about to close, or the invocation fails.
func (r *reply) flush() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.flushLocked()
}

func (r *reply) flushLocked() error {
	if r.frame == nil {
		return nil
	}
	err := r.post(r.frame)
	if err == nil {
		r.frame = nil
	}
	return err
}

// end returns the frame that is held, for the response.
func (r *reply) end() string {
	if r == nil {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	return string(r.frame)
}
