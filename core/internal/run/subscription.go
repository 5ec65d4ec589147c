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
}

// Register adds a topic. Its payloads are of the type, whose fields the conditions
// among the options must name.
func (s *Subscription) Register(topic ports.Topic, payload reflect.Type, options ...func(*Subscription) error) error {
	if !slices.Contains(s.Topics, topic) {
		s.Topics = append(s.Topics, topic)
	}
	known := len(s.Filters.Where)
	for _, option := range options {
		if err := option(s); err != nil {
			return err
		}
	}
	for _, condition := range s.Filters.Where[known:] {
		if err := filter.CheckField(payload, condition.Field); err != nil {
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
