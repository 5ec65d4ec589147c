package websocket_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports"
)

func FuzzWhateverAClientSendsEndsInOneDisconnect(f *testing.F) {
	for _, frames := range [][]ws.Frame{
		{ws.NewTextFrame([]byte(`{"type":"connection_init"}`)), ws.NewCloseFrame(nil)},
		{ws.NewFrame(ws.OpText, false, []byte("a")), ws.NewPingFrame([]byte("b")), ws.NewFrame(ws.OpContinuation, true, []byte("c"))},
		{ws.NewBinaryFrame([]byte("x")), ws.NewTextFrame([]byte("y"))},
		{ws.NewTextFrame([]byte("\xff"))},
		{ws.NewCloseFrame(ws.NewCloseFrameBody(4000, "reason"))},
	} {
		var seed bytes.Buffer
		for _, frame := range frames {
			_ = ws.WriteFrame(&seed, ws.MaskFrame(frame)) // a Buffer takes everything
		}
		f.Add(seed.Bytes())
	}
	const limit = 64
	engine := newFakeEngine()
	engine.receive = func(_ context.Context, message ports.Message) error {
		if len(message.Data) > limit || !utf8.Valid(message.Data) {
			panic("a message that should have closed the connection") // which the fuzzer sees as code 1011
		}
		return nil
	}
	fixture := onSockets(f, websocket.Config{MaxMessageBytes: limit}, engine)
	f.Fuzz(func(t *testing.T, data []byte) {
		local := *fixture
		local.t = t
		c := local.dial()
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(io.Discard, c.in) // until the server ends its side
		}()
		_, _ = c.conn.Write(data) // fails when the server has had enough
		_ = c.conn.Close()
		<-read
		if got := receive(t, engine.disconnected); got.Address != c.address || got.Code == 1011 {
			t.Fatalf("%+v", got)
		}
		if len(engine.disconnected) != 0 {
			t.Fatal("reported twice")
		}
	})
}
