package otel_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/adapters/otel"
	"github.com/fanql/fanql/core"
	chatgraphqlgo "github.com/fanql/fanql/examples/chat-graphqlgo"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/fanqltest"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// slowPusher takes the time of a post to API Gateway.
type slowPusher struct{ *memory.Pusher }

func (p slowPusher) Push(ctx context.Context, to ports.Address, frame ports.Frame) error {
	time.Sleep(10 * time.Millisecond)
	return p.Pusher.Push(ctx, to, frame)
}

// roomTemplate names the chat's two kinds of topics.
func roomTemplate(topic ports.Topic) string {
	if strings.HasPrefix(string(topic), "room/") {
		return "room/{name}"
	}
	return "activity"
}

// newChat runs the chat's schema with the observer on everything.
func newChat(t *testing.T, r *recorder) *fanqltest.Server {
	t.Helper()
	chat, err := chatgraphqlgo.New(schema.NewMemoryHistory(schema.DefaultRooms()...))
	if err != nil {
		t.Fatal(err)
	}
	return fanqltest.New(t, core.Config{
		Schema: chat, Hooks: schema.Hooks(), Observer: r, Pusher: slowPusher{must.Make(memory.NewPusher(memory.PusherConfig{}))},
	})
}

// One message of the chat, from the mutation to the sockets of those who read it.
// The documents quote testdata/message.txt.
func TestTraceAndMetricsOfAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder(t, func(c *otel.Config) { c.TopicTemplate = roomTemplate })
		server := newChat(t, r)
		ann, bob := server.Connect(t), server.Connect(t, fanqltest.Payload(map[string]any{"name": "bob"}))
		for _, client := range []*fanqltest.Client{ann, bob} {
			room := client.Subscribe(`subscription Room { room(name: "go") { message { text } } }`)
			room.Result() // the history
			defer room.Result()
		}
		fanqltest.Query[any](bob, `mutation Send { send(room: "go", text: "hello") { id } }`)
		server.Flush(t)
		synctest.Wait()

		mutation := r.only(t, "mutation")
		got := "docs:start trace\n" + r.tree(mutation.SpanContext().TraceID()) + "docs:end trace\n\n" +
			"docs:start metrics\n" + r.table(t) + "docs:end metrics\n"
		want, err := os.ReadFile("testdata/message.txt")
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("recorded\n%s\nwant testdata/message.txt:\n%s", got, want)
		}
	})
}
