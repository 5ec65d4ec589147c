package fanqltest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqltest"
)

func TestInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		server := newServer(t)
		feed := server.Connect(t).Subscribe(feedOfA)
		time.AfterFunc(time.Second, func() { publish(t, server, "a", "later") })
		equal(t, "next", fanqltest.Next[string](feed), "later")
		equal(t, "time passed", time.Since(begin), time.Second)
		feed.Nothing()
		equal(t, "time passed", time.Since(begin), time.Second)
	})
}

func TestTimeoutIsTheServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		record(t, func(tb *recorder) {
			server := newServer(tb)
			server.Timeout = time.Hour
			server.Connect(tb).Frame()
		}).failed(t, "nothing came within 1h0m0s")
		equal(t, "time passed", time.Since(begin), time.Hour)
	})
}

// The engine orders what a client sends by when it was received, and where time
// stands still all would be received at once.
func TestWhereTimeStandsStill(t *testing.T) {
	for name, options := range subprotocols() {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			server := fanqltest.New(t, core.Config{Schema: feedSchema(t), Now: func() time.Time { return now }})
			client := server.Connect(t, options...)

			start, stop, result := "subscribe", "complete", "next"
			if name == "legacy" {
				start, stop, result = "start", "stop", "data"
			}
			client.Send(`{"type":"` + stop + `","id":"x"}`) // of nothing, and not of what starts after it
			client.Send(`{"type":"` + start + `","id":"x","payload":{"query":"subscription { feed(of: \"a\", first: \"1\") }"}}`)
			equal(t, "initial", client.Frame(), `{"id":"x","type":"`+result+`","payload":{"data":{"feed":"1"}}}`)
			if err := server.Engine.Publish(t.Context(), core.NewTopic[any]("a").End()); err != nil {
				t.Fatal(err)
			}
			equal(t, "end", client.Frame(), `{"id":"x","type":"complete"}`)
		})
	}
}

func TestNoInitInTime(t *testing.T) {
	server := newServer(t)
	client := server.Open(t)
	if err := server.Engine.ExpireInit(t.Context(), client.Address); err != nil {
		t.Fatal(err)
	}
	equal(t, "reason", client.Closed(4408), "Connection initialisation timeout")
}
