//go:build e2e

package streams

import (
	"strings"
	"testing"
)

// clients are those that streams.mjs has, with what they do where they differ.
var clients = []struct {
	name string
	// reconnects: the client comes back by itself when the server cuts it off.
	reconnects bool
	// cut is in what it reports when it is cut off, unless it comes back.
	cut string
	// completes: it reports the end of an operation after errors.
	completes bool
}{
	{name: "graphql-sse", reconnects: true, completes: true},
	{name: "urql", cut: "terminated", completes: true},
	{name: "eventsource", reconnects: true, completes: true},
	{name: "apollo-4", cut: "terminated", completes: true},
	{name: "apollo-3", cut: "terminated"},
}

const texts = "subscription { texts }"

func TestClientsOnStreams(t *testing.T) {
	t.Parallel()
	for _, client := range clients {
		t.Run(client.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			c := run(t, client.name, s.url())

			c.start(texts)
			c.want(`{"next":{"texts":"first"}}`)
			s.publish("one", "two")
			c.want(`{"next":{"texts":"one"}}`)
			c.want(`{"next":{"texts":"two"}}`)
			s.end()
			c.want(`{"complete":true}`)

			c.start("{ hello }")
			c.want(`{"next":{"hello":"world"}}`)
			c.want(`{"complete":true}`)

			c.start("subscription { nothing }")
			if got := c.next(); !strings.HasPrefix(got, `{"error":`) || !strings.Contains(got, "nothing") {
				t.Fatalf("an invalid subscription is reported as %s", got)
			}
			if client.completes {
				c.want(`{"complete":true}`)
			}

			c.start(texts)
			c.want(`{"next":{"texts":"first"}}`)
			s.publish("three")
			c.want(`{"next":{"texts":"three"}}`)
			s.restart()
			if !client.reconnects {
				if got := c.next(); !strings.HasPrefix(got, `{"error":`) || !strings.Contains(got, client.cut) {
					t.Fatalf("the cut is reported as %s", got)
				}
				return
			}
			c.want(`{"next":{"texts":"first"}}`)
			s.publish("four")
			c.want(`{"next":{"texts":"four"}}`)
		})
	}
}
