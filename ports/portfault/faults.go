package portfault

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"sync"
	"time"
)

// Kind is what happens to a call.
type Kind string

// The kinds of fault; the package comment says what each is to each call.
const (
	// Latency: the call takes longer, before or after it has its effect.
	Latency Kind = "latency"
	// Throttled: the call is refused for now, and has no effect.
	Throttled Kind = "throttled"
	// Timeout: the call never gets there; the caller cannot know.
	Timeout Kind = "timeout"
	// LostAnswer: the call has its effect, and the caller cannot know.
	LostAnswer Kind = "lost answer"
	// Partial: a part of what was asked for is done.
	Partial Kind = "partial"
	// Duplicate: the call has its effect twice.
	Duplicate Kind = "duplicate"
	// Crash: the process ends, before or after the call has its effect.
	Crash Kind = "crash"
)

// Kinds are all kinds of fault.
func Kinds() []Kind {
	return []Kind{Latency, Throttled, Timeout, LostAnswer, Partial, Duplicate, Crash}
}

var (
	// ErrInjected is in every error that a wrapper makes up.
	ErrInjected = errors.New("injected")
	// ErrCrashed is the error of every call of a process that has crashed.
	ErrCrashed = errors.New("the process has crashed")
)

// Config is how Faults are made. The zero value injects nothing.
type Config struct {
	// Seed decides which calls fail.
	Seed uint64
	// Rates are how likely each kind is at a call that can have it, from 0 to 1;
	// together at most 1.
	Rates map[Kind]float64
	// MaxLatency bounds Latency; 100 ms when 0.
	MaxLatency time.Duration
}

// Fault is a kind of fault at a call: a method of a port ("AddOperation"),
// "Deliver", or a name given to Process.Do.
type Fault struct {
	Call string
	Kind Kind
}

// Faults decides what becomes of calls, for any number of processes. Its methods
// may be called concurrently.
type Faults struct {
	config Config

	mu        sync.Mutex
	stopped   bool
	processes int
	planned   map[string][]Kind
	made      map[point]uint64
	injected  map[Fault]int
}

// point is where a fault may be: the nth of these calls.
type point struct {
	process       int
	call, subject string
}

// New returns faults that are on.
func New(config Config) *Faults {
	if config.MaxLatency <= 0 {
		config.MaxLatency = 100 * time.Millisecond
	}
	return &Faults{
		config: config, planned: map[string][]Kind{}, made: map[point]uint64{}, injected: map[Fault]int{},
	}
}

// Plan has the next calls of that name, by whichever process, meet these faults,
// one each. A kind that the call cannot have, such as "", is no fault. Plans take
// effect also after Stop.
func (f *Faults) Plan(call string, kinds ...Kind) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.planned[call] = append(f.planned[call], kinds...)
}

// Stop ends the faults that the seed decides. Processes that have crashed stay so.
func (f *Faults) Stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
}

// Injected counts the faults there were.
func (f *Faults) Injected() map[Fault]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.injected)
}

// Process returns a process that has not crashed. The first has number 1.
func (f *Faults) Process() *Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.processes++
	return &Process{faults: f, number: f.processes, crashed: make(chan struct{})}
}

// fault is what a call meets, and the random choices that go with it.
type fault struct {
	kind   Kind
	random *rand.Rand
}

// draw decides about a call that can have these kinds of fault.
func (f *Faults) draw(process int, call, subject string, possible map[Kind]bool) fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := point{process, call, subject}
	f.made[at]++
	drawn := fault{random: f.config.random(at, f.made[at])}
	if planned := f.planned[call]; len(planned) > 0 {
		drawn.kind, f.planned[call] = planned[0], planned[1:]
	} else if !f.stopped {
		drawn.kind = f.config.pick(drawn.random.Float64())
	}
	if !possible[drawn.kind] {
		drawn.kind = ""
		return drawn
	}
	f.injected[Fault{call, drawn.kind}]++
	return drawn
}

// random is the source of all that happens at one call.
func (c *Config) random(at point, made uint64) *rand.Rand {
	hash := fnv.New64a()
	_, _ = hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(at.process))) //nolint:gosec // A count.
	_, _ = hash.Write([]byte(at.call + "\x00" + at.subject + "\x00"))
	_, _ = hash.Write(binary.LittleEndian.AppendUint64(nil, made))
	return rand.New(rand.NewPCG(c.Seed, hash.Sum64())) //nolint:gosec // A test that can be repeated.
}

// pick is the kind whose share of [0, 1) the number falls into.
func (c *Config) pick(number float64) Kind {
	for _, kind := range Kinds() {
		if number -= c.Rates[kind]; number < 0 {
			return kind
		}
	}
	return ""
}
