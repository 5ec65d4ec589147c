package core_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/internal/protoclient"
	"github.com/fanql/fanql/ports"
)

const (
	modern = string(protoclient.Modern)
	legacy = string(protoclient.Legacy)
)

// both runs a test once for each subprotocol, in a bubble of its own.
func both(t *testing.T, test func(t *testing.T, protocol string)) {
	t.Helper()
	for _, protocol := range []string{modern, legacy} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, protocol) })
		})
	}
}

// silence is a logger for tests that cause errors.
func silence() *slog.Logger { return slog.New(slog.DiscardHandler) }

// pause lets time pass: in a bubble it costs none.
func pause(d time.Duration) { <-time.After(d) }

// harness is an engine on the memory adapters. It lives in a synctest bubble, so
// that after synctest.Wait all that was published has been delivered.
type harness struct {
	t      *testing.T
	config core.Config
	engine *core.Engine
	store  *tappedStore
	pusher *memory.Pusher
	stage  *stage

	mu      sync.Mutex
	sockets int
	inits   int
	begun   int
	ended   []core.Completed
	gone    []core.Disconnected
	errors  []error
}

// newHarness makes an engine whose hooks do nothing but take notes, unless an
// option replaces them.
func newHarness(t *testing.T, options ...func(*core.Config)) *harness {
	t.Helper()
	h := &harness{
		t: t, store: &tappedStore{Store: must.Make(memory.New(memory.Config{})).Store},
		pusher: must.Make(memory.NewPusher(memory.PusherConfig{})), stage: &stage{gate: make(chan struct{})},
	}
	bus := must.Make(memory.New(memory.Config{})).Bus
	config := core.Config{
		Store: h.store, Bus: bus, Pusher: h.pusher, Logger: silence(),
		Hooks: core.Hooks{OnInit: h.onInit, OnSubscribe: h.onSubscribe, OnComplete: h.onComplete, OnDisconnect: h.onDisconnect, OnError: h.onError},
	}
	for _, option := range options {
		option(&config)
	}
	if config.Schema == nil {
		config.Schema = newSchema(t, h.stage)
	}
	h.config = config
	h.engine = h.process()
	ctx, cancel := context.WithCancel(t.Context())
	consumed := make(chan error)
	go func() { consumed <- bus.Consume(ctx, h.engine.Deliver) }()
	t.Cleanup(func() {
		cancel()
		if err := <-consumed; err != nil {
			t.Error(err)
		}
	})
	return h
}

// process is an engine as another process has it: with the same ports.
func (h *harness) process() *core.Engine {
	h.t.Helper()
	engine, err := core.New(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	return engine
}

func (h *harness) onInit(context.Context, json.RawMessage) (core.Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inits++
	return core.Session{}, nil
}

func (h *harness) onSubscribe(_ context.Context, request ports.Request) (ports.Request, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.begun++
	return request, nil
}

func (h *harness) onComplete(_ context.Context, completed core.Completed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = append(h.ended, completed)
}

func (h *harness) onDisconnect(_ context.Context, disconnected core.Disconnected) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gone = append(h.gone, disconnected)
}

func (h *harness) onError(_ context.Context, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.errors = append(h.errors, err)
}

// completions are the IDs and reasons that OnComplete has received, in order.
func (h *harness) completions() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	completions := []string{}
	for _, completed := range h.ended {
		completions = append(completions, string(completed.Operation.ID)+" "+string(completed.Reason))
	}
	return completions
}

func (h *harness) expectCompletions(want ...string) {
	h.t.Helper()
	synctest.Wait()
	if got := h.completions(); !slices.Equal(got, want) {
		h.t.Errorf("OnComplete received %q, want %q", got, want)
	}
}

// expectErrors checks what OnError received, each by a part of its text.
func (h *harness) expectErrors(want ...string) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	matches := len(h.errors) == len(want)
	for i := 0; matches && i < len(want); i++ {
		matches = strings.Contains(h.errors[i].Error(), want[i])
	}
	if !matches {
		h.t.Errorf("OnError received %q, want %q", h.errors, want)
	}
}

// expectTold checks that OnError received at least of this, by a part of its text.
func (h *harness) expectTold(part string) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.ContainsFunc(h.errors, func(err error) bool { return strings.Contains(err.Error(), part) }) {
		h.t.Errorf("OnError received %q, and nothing of %q", h.errors, part)
	}
}

func (h *harness) publish(topic string, payload any, options ...core.EventOption) {
	h.t.Helper()
	if err := h.engine.Publish(h.t.Context(), core.NewTopic[any](topic).Event(payload, options...)); err != nil {
		h.t.Fatal(err)
	}
}

// listed are the operations on a topic, as connection and ID.
func (h *harness) listed(topic string) []string {
	h.t.Helper()
	page, err := h.store.Store.ListSubscribers(h.t.Context(), ports.Topic(topic), ports.PageRequest{Limit: 100_000})
	if err != nil {
		h.t.Fatal(err)
	}
	refs := []string{}
	for _, subscriber := range page.Subscribers {
		refs = append(refs, string(subscriber.Ref.Connection)+" "+string(subscriber.Ref.ID))
	}
	slices.Sort(refs)
	return refs
}
