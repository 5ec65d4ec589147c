package core

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/fanql/fanql/ports"
)

// Engine runs GraphQL operations for connections that it does not hold. All its
// methods may be called concurrently, those for one connection included, in any
// order and from any number of processes that share the same stores.
type Engine struct {
	// Publisher gives the engine Publish and Complete.
	*Publisher

	config    Config
	observed  observation
	documents *documents
	pending   pendingInits
	pace      *pace
	rates     *rates
	trusted   trusted
}

// New makes an engine. It does no I/O. The error names the field of Config that
// is missing or wrong.
func New(config Config) (*Engine, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	config.setDefaults()
	publisher, err := NewPublisher(PublisherConfig{
		Bus: config.Bus, Now: config.Now, NewID: config.NewID, Observer: config.Observer,
	})
	if err != nil {
		return nil, err
	}
	return &Engine{
		Publisher: publisher,
		config:    config,
		observed:  observation{config.Observer},
		documents: newDocuments(&config),
		pending:   newPendingInits(),
		pace:      newPace(config.Now),
		rates:     newRates(config.MaxMessagesPerSecond),
		trusted:   newTrusted(&config),
	}, nil
}

// withPublisher lets user code publish with the engine's publisher.
func (e *Engine) withPublisher(ctx context.Context) context.Context {
	return WithPublisher(ctx, e.Publisher)
}

// report hands a failure that no caller will see to OnError and to the log.
func (e *Engine) report(ctx context.Context, doing string, err error, attributes ...slog.Attr) {
	attributes = append(attributes, slog.String("error", err.Error()))
	e.config.Logger.LogAttrs(ctx, slog.LevelError, doing, attributes...)
	e.callOnError(ctx, fmt.Errorf("%s: %w", doing, err))
}

func connectionAttr(id ports.ConnectionID) slog.Attr {
	return slog.String("connection", string(id))
}

// cleanUpTimeout bounds work that has to be done although the caller has left.
const cleanUpTimeout = 5 * time.Second

// detached is for work that must outlive the caller's cancellation.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
}

// wait sleeps, and returns the context's error if that ends first.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
