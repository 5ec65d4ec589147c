package core_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
)

// A client that resumes is asked about like any other: it gets nothing of a topic that
// it may not subscribe to any more.
func TestResumeAsksTheSubscribeResolver(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		var refuses atomic.Bool
		h, _ := kept(t, func(c *core.Config) {
			c.Schema = must.Make(graphqlgo.NewSchema(graphql.SchemaConfig{
				Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"hello": {Type: graphql.String}}}),
				Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{"tick": {
					Type: graphql.Int,
					Subscribe: func(p graphql.ResolveParams) (any, error) {
						if refuses.Load() {
							return nil, core.Public("not any more")
						}
						return ticks("tick").Subscribe(p.Context)
					},
					Resolve: func(p graphql.ResolveParams) (any, error) { return ticks("tick").Payload(p.Context) },
				}}}),
			}))
		})
		c := h.dial(protocol)
		c.resume("1", `subscription { tick }`)
		h.tick(ticks("tick"), 1)
		before := c.ticked()
		expectNumbers(t, "before", before.numbers, 1)
		_ = h.engine.Disconnect(t.Context(), disconnection(c))
		h.tick(ticks("tick"), 2)
		refuses.Store(true)
		again := h.dial(protocol)
		again.resume("1", `subscription { tick }`, before.resume()...)
		h.tick(ticks("tick"), 3)
		got := again.ticked()
		expectNumbers(t, "after", got.numbers)
		if !strings.Contains(got.ended, "not any more") || len(h.listed("tick")) > 0 {
			t.Errorf("ended by %q, and listed are %v", got.ended, h.listed("tick"))
		}
	})
}
