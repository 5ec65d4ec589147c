// Package delivery brings events to the subscribers of their topics.
package delivery

import (
	"time"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/observe"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// Config is what a Deliverer is made of; core.Config says what the settings mean.
type Config struct {
	Store ports.SubscriptionStore
	// History is nil where no topic keeps one.
	History     ports.History
	Bus         ports.EventBus
	NewID       func() string
	Runner      *run.Runner
	Peers       *peer.Peers
	Calls       hooks.Calls
	Observation observe.Observation
	Now         func() time.Time

	PageSize        int
	Reserve         time.Duration
	PushConcurrency int

	Sharing Sharing
}

// Deliverer delivers events. Its methods may be called concurrently.
type Deliverer struct {
	Config
	sendings
}

// New makes a deliverer.
func New(config Config) *Deliverer { return &Deliverer{config, newSendings(config.Peers)} }
