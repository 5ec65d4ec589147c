package core_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// FuzzReceive: whatever two clients send, each message gets an answer that is
// JSON, or none, or ends its connection; no message is an error of the engine's,
// and a client beside them goes on.
func FuzzReceive(f *testing.F) {
	for _, messages := range [][2]string{
		{`{"type":"connection_init"}`, `{"id":"1","type":"subscribe","payload":{"query":"subscription { said(room: \"1\") }"}}`},
		{`{"id":"1","type":"start","payload":{"query":"query Q($x: Int!) { increment(number: $x) }","variables":{"x":1}}}`, `{"id":"1","type":"stop"}`},
		{`{"id":"1","type":"subscribe","payload":{"documentId":"d"}}`, `{"id":"1","type":"complete"}`},
		{`{"id":"","type":"subscribe","payload":{"query":"{ a: hello ...F } fragment F on Query { b: hello }"}}`, `{"type":"ping","payload":{}}`},
		{`{"id":"fanql:identity","type":"complete"}`, `[]`},
	} {
		f.Add([]byte(messages[0]), []byte(messages[1]), true)
		f.Add([]byte(messages[0]), []byte(messages[1]), false)
	}
	f.Fuzz(func(t *testing.T, first, second []byte, initialized bool) {
		for _, protocol := range []string{modern, legacy} {
			receiveAll(t, protocol, initialized, first, second)
		}
	})
}

func receiveAll(t *testing.T, protocol string, initialized bool, messages ...[]byte) {
	backend, pusher := must.Make(memory.New(memory.Config{})), must.Make(memory.NewPusher(memory.PusherConfig{}))
	s := &stage{gate: make(chan struct{})}
	close(s.gate)
	engine, err := core.New(core.Config{
		Schema: newSchema(t, s), Store: backend, Bus: backend, Pusher: pusher,
		TrustedDocuments: map[string]string{"d": "{ hello }"},
		InitTimeout:      1, ReorderWindow: 1, // nobody waits here
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	socket := pusher.Open(ports.Address{ID: "fuzzed"})
	_, err = engine.Connect(ctx, ports.Handshake{Address: socket.Address(), Protocols: []string{protocol}})
	if err != nil {
		t.Fatal(err)
	}
	if initialized {
		messages = append([][]byte{[]byte(`{"type":"connection_init"}`)}, messages...)
	}
	for i, data := range messages {
		if err := engine.Receive(ctx, ports.Message{Address: socket.Address(), RequestID: string(rune('a' + i)), Data: data}); err != nil {
			t.Fatalf("%s: %q: %v", protocol, data, err)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for data, err := socket.Receive(ended); err == nil; data, err = socket.Receive(ended) {
		if !json.Valid(data) {
			t.Errorf("%s: sent %q", protocol, data)
		}
	}
	answer, err := engine.Execute(ctx, ports.Request{Query: `{ hello }`})
	if err != nil || string(answer.Body) != `{"data":{"hello":"world"}}` {
		t.Errorf("then a query got %s (%v)", answer.Body, err)
	}
}
