package run

import (
	"context"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"

	"github.com/fanql/fanql/core/internal/filter"
	"github.com/fanql/fanql/ports"
)

// Subscription collects what a Subscribe resolver asks for.
type Subscription struct {
	Topics  []ports.Topic
	Initial func(context.Context) (any, error)
	Filters filter.Filters
	// Keep is what the histories of those topics keep that have one.
	Keep map[ports.Topic]ports.Retention
	// Resume is where the client goes on; the resolver may say so too.
	Resume Resume
}

// Register adds a topic, whose history keeps so much. Its payloads are of the type,
// whose fields the conditions among the options must name.
func (s *Subscription) Register(topic ports.Topic, keep ports.Retention, payload reflect.Type, options ...func(*Subscription) error) error {
	if !slices.Contains(s.Topics, topic) {
		s.Topics = append(s.Topics, topic)
	}
	if !keep.None() {
		if s.Keep == nil {
			s.Keep = map[ports.Topic]ports.Retention{}
		}
		s.Keep[topic] = keep
	}
	known := len(s.Filters.Where)
	for _, option := range options {
		if err := option(s); err != nil {
			return err
		}
	}
	for _, condition := range s.Filters.Where[known:] {
		if err := filter.CheckField(payload, condition); err != nil {
			return fmt.Errorf("core.Where(%q, %s): %w", condition.Field, condition.Operator, err)
		}
	}
	return nil
}

// Shard is which of n shards of a topic the caller belongs to. That is no reading of
// its ID: what the caller receives does not depend on it.
func (c *Caller) Shard(n int) int {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(c.id))
	return int(hash.Sum32() % uint32(n)) //nolint:gosec // shards are few
}
