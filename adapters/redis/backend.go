package redis

import (
	"github.com/fanql/fanql/ports"
)

var (
	_ ports.Backend     = (*Backend)(nil)
	_ ports.EventSource = (*Backend)(nil)
	_ ports.Fleet       = (*Backend)(nil)
	_ ports.History     = (*Backend)(nil)
)

// Backend is a whole backend in one Redis: a Store, a Bus, a History, and the routers
// of a fleet. It implements ports.Backend, ports.EventSource, ports.History and
// ports.Fleet and may be used by many goroutines at once.
type Backend struct {
	*Store
	*Bus
	*History
	config Config
	clocks *clocks
}

// New returns a backend. It does no I/O. ErrInvalid: a field is missing or wrong; the
// error names it.
func New(config Config) (*Backend, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	clocks := newClocks(config)
	config = config.withDefaults()
	return &Backend{
		Store: newStore(config, clocks), Bus: newBus(config, clocks), History: newHistory(config, clocks),
		config: config, clocks: clocks,
	}, nil
}

// Router implements ports.Fleet.
//
// The router's calls for another process's connection that are under way together
// share a message, and frames that share a payload share it there. Order holds for
// calls that follow each other.
//
// Its errors, besides those of the contract: ErrThrottled: too much is on its way
// to the process, or this router is not listening for the moment. ErrTooLarge: over
// 16 MiB and for another process. An error without a kind: the process did not
// answer in time, or is not listening, or Redis failed. The client may then have
// the message, and gets it twice if it is pushed again. That is not ErrThrottled,
// because of a process that has died the engine would slow down for everyone.
//
// Where the context of a call has a Lease (LeaseFrom), a process that has seen a
// later lease of the partition does nothing, and the call returns nil: whoever has
// the partition now delivers the event, and for the engine to believe its
// subscriber lost would end a healthy subscription. So does a call whose context
// ended because its lease was lost. Nothing is lost by that: an event whose lease
// was lost stays with the bus, and the deliveries under the lease end before the
// call returns, so that they note nothing of it as done.
func (b *Backend) Router(process string, sockets ports.Sockets) (ports.Router, error) {
	if process == "" {
		return nil, &ports.Error{Op: "redis.Router", Kind: ports.ErrInvalid, Err: errNoProcess}
	}
	return newRouter(b.config, b.clocks, process, sockets), nil
}
