// Package letters reads the events that were given up, on Redis and in the bucket of
// a DynamoDB stream's function, and delivers them after all.
package letters

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/fanql/fanql/ports"
)

// Letter is what was given up together: one event on Redis, a batch of a stream's on
// DynamoDB.
type Letter struct {
	// ID names the letter in its box.
	ID string
	// GivenUp is when; zero where nobody wrote it down.
	GivenUp time.Time
	// Attempts is how often it was delivered in vain.
	Attempts int
	// Cause is why it was given up.
	Cause string
	// Events are in their order; none where the letter cannot be read.
	Events []ports.Event

	// source is the box's own.
	source any
}

// Topics are those of the events, each once.
func (l Letter) Topics() []string {
	topics := []string{}
	for _, event := range l.Events {
		if !slices.Contains(topics, string(event.Topic)) {
			topics = append(topics, string(event.Topic))
		}
	}
	return topics
}

// Box keeps dead letters.
type Box interface {
	// IDs lists the names of the letters, in the order in which to deliver them.
	IDs(ctx context.Context) ([]string, error)
	// All yields the letters in that order, or only those with the IDs. An error ends
	// it.
	All(ctx context.Context, ids ...string) iter.Seq2[Letter, error]
	// Deliver delivers a letter's events, and leaves the letter.
	Deliver(ctx context.Context, letter Letter) error
	// Drop removes a letter. Absent is not an error.
	Drop(ctx context.Context, letter Letter) error
}

// errUnreadable is why a letter stays.
var errUnreadable = errors.New("it cannot be read, so it cannot be delivered; fanql dead-letters drop removes it")

// Find returns the letter with an ID.
func Find(ctx context.Context, box Box, id string) (Letter, error) {
	for letter, err := range box.All(ctx, id) {
		return letter, err
	}
	return Letter{}, fmt.Errorf("there is no dead letter %q", id)
}

// Redrive delivers letters one after the other, those with the IDs or all that there
// were at the beginning, and drops each that was delivered; done is called for it. It stops
// at the first that fails, so that the events of a topic stay in order. What was
// delivered of that one already comes again when it is redriven again.
func Redrive(ctx context.Context, box Box, ids []string, done func(Letter) error) error {
	there, err := box.IDs(ctx)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		ids = there
	}
	var missing []string
	for _, id := range ids {
		if !slices.Contains(there, id) {
			missing = append(missing, id)
		}
	}
	switch {
	case len(missing) > 0:
		return fmt.Errorf("there is no dead letter %s", strings.Join(missing, ", "))
	case len(ids) == 0:
		return nil
	}
	for letter, err := range box.All(ctx, ids...) {
		if err == nil {
			err = redrive(ctx, box, letter, done)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func redrive(ctx context.Context, box Box, letter Letter, done func(Letter) error) error {
	if err := box.Deliver(ctx, letter); err != nil {
		return fmt.Errorf("%s: %w", letter.ID, err)
	}
	if err := box.Drop(ctx, letter); err != nil {
		return fmt.Errorf("dropping %s, which was delivered: %w", letter.ID, err)
	}
	return done(letter)
}
