package session

import (
	"context"
	"time"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/core/internal/observe"
	"github.com/fanql/fanql/core/internal/peer"
	"github.com/fanql/fanql/core/internal/run"
	"github.com/fanql/fanql/ports"
)

// Config is what a Handler is made of; core.Config says what the settings mean.
type Config struct {
	Store       ports.Store
	Runner      *run.Runner
	Peers       *peer.Peers
	Calls       hooks.Calls
	Observation observe.Observation
	Now         func() time.Time
	// History is nil where no topic keeps one; Catcher is whoever reads it.
	History ports.History
	Catcher Catcher

	ConnectionTTL             time.Duration
	InitTimeout               time.Duration
	ReorderWindow             time.Duration
	MaxOperations             int
	MaxTopics                 int
	MaxConnectionsPerIdentity int
	MaxMessageBytes           int
	MaxMessagesPerSecond      int
	PageSize                  int
	PushConcurrency           int
}

// Catcher brings subscribers up to the end of a topic's history: a delivery.Deliverer.
type Catcher interface {
	CatchUp(ctx context.Context, topic ports.Topic, ref ports.OperationRef) (gap bool, err error)
}
