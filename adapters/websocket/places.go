package websocket

import "context"

// places are what a message has taken while it is handled: one of each of these, in
// this order.
//
//	of its connection   MaxConcurrent
//	of strangers        a quarter of MaxConcurrentTotal, unless the connection's
//	                    identity is known or its connection_init was accepted
//	of its identity     MaxConcurrentPerIdentity, if it has one
//	of further ones     half of MaxConcurrentTotal, unless no other message of its
//	                    connection is handled
//	of later ones       7/8 of MaxConcurrentTotal
//	of all              MaxConcurrentTotal
//
// The first message of a connection, which is its connection_init, needs only the
// first and the last, so that everyone is let in.
// By the order, who waits for a place holds none for which others wait that do not
// need this one too.
type places []chan struct{}

// sharedPlaces are those of all connections.
type sharedPlaces struct{ all, strangers, later, further chan struct{} }

func newSharedPlaces(total int) sharedPlaces {
	places := func(n int) chan struct{} { return make(chan struct{}, max(n, 1)) }
	return sharedPlaces{all: places(total), strangers: places(total / 4), later: places(total - total/8), further: places(total / 2)}
}

// takePlaces makes room for one more message. Whoever waits for a channel gets it in
// the order of asking.
func (c *connection) takePlaces(ctx context.Context) (taken places, err error) {
	defer c.pause()()
	taken = make(places, 0, 5)
	shared, first := &c.server.places, c.messages == 0
	ok := c.takePlace(ctx, &taken, c.slots, always) &&
		c.takePlace(ctx, &taken, shared.strangers, func() bool { return !first && !c.known() })
	if share := c.share.Load(); ok && !first && share != nil {
		ok = c.takePlace(ctx, &taken, share.places, always)
	}
	ok = ok &&
		c.takePlace(ctx, &taken, shared.further, func() bool { return len(c.slots) > 1 }) &&
		c.takePlace(ctx, &taken, shared.later, func() bool { return !first }) &&
		c.takePlace(ctx, &taken, shared.all, always)
	if !ok {
		c.release(taken)
		return nil, ctx.Err()
	}
	return taken, nil
}

func always() bool { return true }

// takePlace waits for a place, until there is one, it is not needed any more, or ctx
// ends, of which it returns false.
func (c *connection) takePlace(ctx context.Context, taken *places, place chan struct{}, needed func() bool) bool {
	for needed() {
		select {
		case place <- struct{}{}:
			*taken = append(*taken, place)
			return true
		case <-c.changed:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// release gives back what a message of the connection has taken.
func (c *connection) release(taken places) {
	for _, place := range taken {
		<-place
	}
	c.change()
}

// change lets takePlace look again at what it needs.
func (c *connection) change() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// known reports whether the connection has an identity, or will not have one.
func (c *connection) known() bool { return c.initialized.Load() || c.share.Load() != nil }

// identified is called with every accepted connection_init.
func (c *connection) identified(identity string) {
	c.identify(identity)
	c.initialized.Store(true)
	c.change()
}

// share is what the connections of an identity have together.
type share struct {
	identity    string
	connections int // guarded by Server.mu
	places      chan struct{}
}

// identify puts the connection into the share of its identity. It does nothing once
// the connection has ended.
func (c *connection) identify(identity string) {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := c.share.Load(); s.connections[c.address.ID] != c || old != nil && old.identity == identity {
		return
	}
	s.leaveShare(c)
	if identity == "" {
		return
	}
	joined := s.shares[identity]
	if joined == nil {
		joined = &share{identity: identity, places: make(chan struct{}, s.config.MaxConcurrentPerIdentity)}
		s.shares[identity] = joined
	}
	joined.connections++
	c.share.Store(joined)
}

// leaveShare forgets an identity with its last connection. The caller holds mu.
func (s *Server) leaveShare(c *connection) {
	left := c.share.Swap(nil)
	if left == nil {
		return
	}
	if left.connections--; left.connections == 0 {
		delete(s.shares, left.identity)
	}
}
