// Package run executes requests: it prepares them, once for as long as they are kept,
// runs them for callers, and notes what resolvers ask about whoever they run for.
package run

import (
	"context"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/observe"
	"github.com/fanql/fanql/ports"
)

// Config is what a Runner is made of; core.Config says what the settings mean.
type Config struct {
	Schema      ports.Schema
	Limits      ports.Limits
	CacheBytes  int
	Calls       hooks.Calls
	Observation observe.Observation
	NewContext  func(context.Context) context.Context
	// Trusted are documents by ID, and OnlyTrusted refuses all others.
	Trusted          map[string]string
	OnlyTrusted      bool
	EventExtensions  bool
	MaxResponseBytes int
	MaxTopics        int
}

// Runner executes requests. Its methods may be called concurrently.
type Runner struct {
	Config
	documents *documents
	trusted   trusted
}

// New makes a runner.
func New(config Config) *Runner {
	return &Runner{Config: config, documents: newDocuments(&config), trusted: newTrusted(&config)}
}
