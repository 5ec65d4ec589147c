package redis

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fanql/fanql/ports"
)

const (
	// messageBytes is how much a batch takes before the next one begins.
	messageBytes = 256 << 10
	// entryBytes is what an entry costs beside its frame.
	entryBytes = 64
)

// outcome is what became of a batch, or of one entry of it: the zero value when
// it was delivered.
type outcome struct{ kind, cause error }

var (
	errSilent   = errors.New("the process that has the connection does not answer")
	errNoAnswer = errors.New("the process that has the connection did not answer")
	errRemote   = errors.New("the process that has the connection failed to push")
	errNotSent  = errors.New("the router is not running, or not connected to Redis")
)

// outbox is what a router has for other processes: calls that wait to be
// published, calls that were and have no answer yet, and answers.
type outbox struct {
	patience time.Duration // with a batch, from its first entry to its answer
	capacity int           // bytes that a peer may have unanswered
	wake     chan struct{} // has a token when there is something to take

	mu       sync.Mutex
	sequence uint64
	peers    map[string]*peer
}

// peer is one other process.
type peer struct {
	waiting []*batch // of which the last takes more
	answers []answer
	// published are the batches that wait for their answers.
	published map[uint64]*batch
	bytes     int // of all batches, waiting and published
	// silent is true after a batch without an answer. Until the peer sends something,
	// it gets one batch at a time.
	silent bool
	// deaf is true for a while after a message for the peer had no receiver.
	deaf bool
}

// batch is calls for one peer that travel together.
type batch struct {
	sequence uint64 // 0 until it is published the first time
	entries  []entry
	payloads map[payloadKey]bool
	bytes    int
	timer    *time.Timer
	settled  bool
	// unreceived is true after it seemed to have no receiver. It takes no more.
	unreceived bool

	// done is closed when the others are set.
	done       chan struct{}
	whole      outcome
	exceptions map[int]exception
}

// accepted is how many frames of an entry were, once the batch is done.
func (b *batch) accepted(index int) int {
	if e, ok := b.exceptions[index]; ok {
		return min(max(e.accepted, 0), len(b.entries[index].frames))
	}
	if b.whole != (outcome{}) {
		return 0
	}
	return len(b.entries[index].frames)
}

// outcome is what became of one entry, once the batch is done.
func (b *batch) outcome(index int) outcome {
	switch b.exceptions[index].status {
	case delivered:
		return b.whole
	case gone:
		return outcome{kind: ports.ErrGone}
	case throttled:
		return outcome{kind: ports.ErrThrottled}
	case tooLarge:
		return outcome{kind: ports.ErrTooLarge}
	case late:
		return outcome{cause: errLeaseLost}
	default:
		return outcome{cause: errRemote}
	}
}

func newOutbox(patience time.Duration, capacity int) *outbox {
	return &outbox{
		patience: patience, capacity: capacity,
		wake: make(chan struct{}, 1), peers: make(map[string]*peer),
	}
}

// ticket is where the outcome of a call is going to be: in the batch, at the index.
// Err is why the call was not queued.
type ticket struct {
	batch *batch
	index int
	err   error
}

// add queues calls for a peer. ErrThrottled: the peer has as much unanswered as it may.
// errSilent: and it has not answered lately.
func (o *outbox) add(to string, calls ...entry) []ticket {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.peer(to)
	tickets := make([]ticket, len(calls))
	for i := range calls {
		tickets[i] = o.addTo(p, calls[i])
	}
	o.signal()
	return tickets
}

// addTo queues a call for a peer; o.mu is held.
func (o *outbox) addTo(p *peer, call entry) ticket {
	b := p.open()
	size := b.sizeOf(&call)
	switch {
	case p.bytes > 0 && p.silent:
		return ticket{err: errSilent}
	case p.bytes > 0 && p.bytes+size > o.capacity:
		return ticket{err: ports.ErrThrottled}
	}
	if b == nil || b.bytes > 0 && b.bytes+size > messageBytes {
		b = &batch{payloads: make(map[payloadKey]bool), done: make(chan struct{})}
		b.timer = time.AfterFunc(o.patience, func() { o.expire(p, b) })
		p.waiting = append(p.waiting, b)
		size = b.sizeOf(&call)
	}
	b.entries = append(b.entries, call)
	for _, frame := range call.frames {
		b.payloads[keyOf(frame.Payload)] = true
	}
	b.bytes += size
	p.bytes += size
	return ticket{batch: b, index: len(b.entries) - 1}
}

// reply queues an answer.
func (o *outbox) reply(to string, a answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.peer(to)
	p.answers = append(p.answers, a)
	o.signal()
}

func (o *outbox) peer(name string) *peer {
	p := o.peers[name]
	if p == nil {
		p = &peer{published: make(map[uint64]*batch)}
		o.peers[name] = p
	}
	return p
}

// open is the batch that takes more, or nil.
func (p *peer) open() *batch {
	if len(p.waiting) == 0 || p.waiting[len(p.waiting)-1].unreceived {
		return nil
	}
	return p.waiting[len(p.waiting)-1]
}

// sizeOf is what a call adds to the batch; nil is an empty one.
func (b *batch) sizeOf(call *entry) int {
	size := entryBytes + call.size() + len(call.reason)
	if b == nil {
		return size
	}
	for _, frame := range call.frames {
		if b.payloads[keyOf(frame.Payload)] {
			size -= len(frame.Payload)
		}
	}
	return size
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// parcel is what is to be published to one peer.
type parcel struct {
	to      string
	answers []answer
	batch   *batch // nil when there are only answers
}

// take returns what waits, at most one batch for each peer.
func (o *outbox) take() []parcel {
	o.mu.Lock()
	defer o.mu.Unlock()
	var parcels []parcel
	for name, p := range o.peers {
		if p.deaf || len(p.waiting) == 0 && len(p.answers) == 0 {
			continue
		}
		next := parcel{to: name, answers: p.answers}
		p.answers = nil
		if len(p.waiting) > 0 {
			next.batch, p.waiting = p.waiting[0], p.waiting[1:]
			if next.batch.sequence == 0 {
				o.sequence++
				next.batch.sequence = o.sequence
			}
			p.published[next.batch.sequence] = next.batch
		}
		if len(p.waiting) > 0 {
			o.signal()
		}
		parcels = append(parcels, next)
	}
	return parcels
}

// answered settles the batches that a peer answers.
func (o *outbox) answered(from string, instance uint64, answers []answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.peers[from]
	if p == nil {
		return
	}
	p.silent = false
	for _, a := range answers {
		b := p.published[a.sequence]
		if b == nil || a.instance != instance { // it is late, or not for us
			continue
		}
		b.exceptions = make(map[int]exception, len(a.exceptions))
		for _, e := range a.exceptions {
			b.exceptions[e.index] = e
		}
		p.settle(b, outcome{})
	}
}

// settle ends a batch that is not going to be answered.
func (o *outbox) settle(to string, b *batch, of outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p := o.peers[to]; p != nil && p.published[b.sequence] == b {
		p.settle(b, of)
	}
}

// listenPause is how long a peer gets nothing after a message for it had no
// receiver: it is about to listen again.
const listenPause = 20 * time.Millisecond

// again has a batch that had no receiver wait once more, before all others. It keeps
// its number: where a Cluster fails over, the peer may have received it from another node,
// whose receivers were not counted. Then the peer refuses it as a repeat, and what it
// answers is about this batch.
func (o *outbox) again(to string, b *batch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.peers[to]
	if p == nil || p.published[b.sequence] != b {
		return
	}
	b.unreceived = true
	p.waiting = slices.Insert(p.waiting, 0, b)
	p.deaf = true
	time.AfterFunc(listenPause, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		p.deaf = false
		o.signal()
	})
}

// expire settles a batch that has waited too long.
func (o *outbox) expire(p *peer, b *batch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case b.settled: // while the timer fired
		return
	case b.unreceived:
		p.silent = true
		p.settle(b, outcome{cause: errNotListening})
	case b.sequence > 0:
		p.silent = true
		p.settle(b, outcome{cause: errNoAnswer})
	default:
		p.settle(b, outcome{ports.ErrThrottled, errNotSent})
	}
}

// settle ends a batch; o.mu is held, and nobody has settled it.
func (p *peer) settle(b *batch, of outcome) {
	b.settled = true
	b.timer.Stop()
	delete(p.published, b.sequence)
	p.waiting = slices.DeleteFunc(p.waiting, func(waiting *batch) bool { return waiting == b })
	p.bytes -= b.bytes
	b.whole = of
	close(b.done)
}

// close settles everything, when the router stops running.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.peers {
		for _, b := range slices.Clone(p.waiting) {
			p.settle(b, outcome{ports.ErrThrottled, errNotSent})
		}
		for _, b := range p.published {
			p.settle(b, outcome{cause: errNoAnswer})
		}
	}
}

// prune drops the peers that have nothing under way.
func (o *outbox) prune() {
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.peers, func(_ string, p *peer) bool { return p.bytes == 0 && len(p.answers) == 0 })
}
