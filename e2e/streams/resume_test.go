//go:build e2e

package streams

import (
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql/core"
)

// TestStreamsResume: clients of server-sent events get what was published while they
// were away, once and in order: with the header Last-Event-ID, which EventSource sends by
// itself, and by the extension that package @fanql/resume writes.
func TestStreamsResume(t *testing.T) {
	t.Parallel()
	for _, client := range []struct {
		name string
		// header: it sends Last-Event-ID.
		header bool
		// start: it resumes where it began, before its first event.
		start bool
	}{
		{name: "eventsource", header: true},
		{name: "eventsource-resuming", header: true, start: true},
		{name: "graphql-sse-resuming", start: true},
		{name: "graphql-sse-header", header: true},
	} {
		t.Run(client.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, core.Keep(10, time.Hour))
			c := run(t, client.name, s.url())
			c.start(texts)
			c.want(`{"next":{"texts":"first"}}`)
			resumes := func() {
				t.Helper()
				if !client.header {
					return
				}
				if got := c.next(); !strings.HasPrefix(got, `{"resumes":"`) {
					t.Fatalf("coming back, it reports %s", got)
				}
			}
			if client.start {
				s.away("zero")
				resumes()
				c.want(`{"next":{"texts":"zero"}}`)
			}
			s.publish("one", "two")
			c.want(`{"next":{"texts":"one"}}`)
			c.want(`{"next":{"texts":"two"}}`)
			s.away("three", "four")
			resumes()
			c.want(`{"next":{"texts":"three"}}`)
			c.want(`{"next":{"texts":"four"}}`)
			s.publish("five")
			c.want(`{"next":{"texts":"five"}}`)

			s.away("6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16") // more than are kept
			resumes()
			c.want(`{"next":{"texts":"first"}}`)
			s.publish("17")
			c.want(`{"next":{"texts":"17"}}`)
		})
	}
}
