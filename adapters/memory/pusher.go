package memory

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"github.com/fanql/fanql/ports"
)

var _ ports.Pusher = (*Pusher)(nil)

// PusherConfig shapes a Pusher. No field is required.
type PusherConfig struct {
	// MaxFrameBytes is the size over which a frame is ErrTooLarge. Default: no
	// limit.
	MaxFrameBytes int
	// MaxQueued is how many frames a socket holds that its client has not
	// received, before Push answers ErrThrottled. Default: 1000.
	MaxQueued int
}

// Pusher sends to sockets in the same process, whose other end is a Socket. It
// implements ports.Pusher and may be used by many goroutines at once.
type Pusher struct {
	config PusherConfig

	mu      sync.RWMutex
	sockets map[ports.Address]*Socket
}

// NewPusher returns a pusher without sockets. ErrInvalid: a number is negative.
func NewPusher(config PusherConfig) (*Pusher, error) {
	err := notNegative("NewPusher", "PusherConfig", []setting{
		{"MaxFrameBytes", config.MaxFrameBytes < 0},
		{"MaxQueued", config.MaxQueued < 0},
	})
	if err != nil {
		return nil, err
	}
	config.MaxQueued = cmp.Or(config.MaxQueued, 1000)
	return &Pusher{config: config, sockets: make(map[ports.Address]*Socket)}, nil
}

// Open opens a socket that the pusher reaches by this address, and returns the
// client's end of it. A socket that had the address is hung up.
func (p *Pusher) Open(address ports.Address) *Socket {
	opened := &Socket{pusher: p, address: address, wake: make(chan struct{}, 1)}
	p.mu.Lock()
	former := p.sockets[address]
	p.sockets[address] = opened
	p.mu.Unlock()
	if former != nil {
		former.HangUp()
	}
	return opened
}

// Push implements ports.Pusher. It keeps the frame until the client has
// received it.
func (p *Pusher) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	const op = "Push"
	if err := ended(ctx, op); err != nil {
		return err
	}
	socket := p.socket(to)
	if socket == nil {
		return failure(op, ports.ErrGone)
	}
	if p.config.MaxFrameBytes > 0 && frame.Len() > p.config.MaxFrameBytes {
		return failure(op, ports.ErrTooLarge)
	}
	if kind := socket.push(frame, p.config.MaxQueued); kind != nil {
		return failure(op, kind)
	}
	return nil
}

// Close implements ports.Pusher. The client receives what was pushed before and
// then a *CloseError with the code and the reason.
func (p *Pusher) Close(ctx context.Context, to ports.Address, code int, reason string) error {
	if err := ended(ctx, "Close"); err != nil {
		return err
	}
	if socket := p.socket(to); socket != nil {
		socket.close(&CloseError{Code: code, Reason: reason})
		p.forget(socket)
	}
	return nil
}

func (p *Pusher) socket(address ports.Address) *Socket {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.sockets[address]
}

// forget drops a socket, unless another has its address already.
func (p *Pusher) forget(s *Socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sockets[s.address] == s {
		delete(p.sockets, s.address)
	}
}

// CloseError is what Receive returns once it has returned every frame of a
// socket that the pusher closed.
type CloseError struct {
	Code   int
	Reason string
}

// Error tells the code and the reason.
func (e *CloseError) Error() string { return fmt.Sprintf("closed with %d: %s", e.Code, e.Reason) }

// Socket is the client's end of a socket. It may be used by many goroutines at
// once; each frame goes to one Receive.
type Socket struct {
	pusher  *Pusher
	address ports.Address
	wake    chan struct{} // holds a token when a Receive should look again

	mu     sync.Mutex
	frames []ports.Frame
	closed error // what Receive returns after the frames
}

// Address is where the pusher reaches the socket.
func (s *Socket) Address() ports.Address { return s.address }

// Receive returns the next frame as one message, and waits for it while the
// context lasts. After the last frame of a socket that was closed it returns a
// *CloseError; after HangUp, ErrGone; both as often as it is asked. It returns
// what is queued even if the context has ended.
func (s *Socket) Receive(ctx context.Context) ([]byte, error) {
	for {
		if frame, err := s.take(); frame != nil || err != nil {
			return frame, err
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil, ended(ctx, "Receive")
		}
	}
}

// Queued is how many frames could be received without waiting.
func (s *Socket) Queued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.frames)
}

// Closed says, without waiting, how the socket ended: a *CloseError, ErrGone
// after HangUp, or nil while it is open. Frames may still be queued.
func (s *Socket) Closed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// HangUp ends the socket from the client's side: pushes answer ErrGone, and
// frames that were not received are lost. Again is no error.
func (s *Socket) HangUp() {
	s.pusher.forget(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = nil
	if s.closed == nil {
		s.closed = failure("Receive", ports.ErrGone)
	}
	s.signal()
}

// push queues a frame, or returns the kind of the failure.
func (s *Socket) push(frame ports.Frame, most int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed != nil:
		return ports.ErrGone
	case len(s.frames) >= most:
		return ports.ErrThrottled
	}
	s.frames = append(s.frames, frame)
	s.signal()
	return nil
}

func (s *Socket) close(with *CloseError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed == nil {
		s.closed = with
		s.signal()
	}
}

// take returns the next frame, never nil, or the end; nothing when the client
// has to wait.
func (s *Socket) take() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.frames) == 0 {
		if s.closed != nil {
			s.signal() // The end is for every Receive.
		}
		return nil, s.closed
	}
	frame := s.frames[0]
	s.frames[0] = ports.Frame{}
	if s.frames = s.frames[1:]; len(s.frames) == 0 {
		s.frames = nil
	}
	s.signal() // Another Receive may be waiting for the next one.
	return frame.AppendTo(make([]byte, 0, frame.Len())), nil
}

func (s *Socket) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
