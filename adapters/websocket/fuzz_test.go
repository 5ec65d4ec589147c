package websocket

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/fanql/fanql/ports"
)

func FuzzFrameIsReadBackAsItWasPushed(f *testing.F) {
	f.Add([]byte("head"), []byte("payload"), []byte("tail"), 1)
	f.Add([]byte{}, []byte{}, []byte{}, 0)
	f.Add([]byte("x"), []byte("0123456789"), []byte{}, 7000)
	f.Fuzz(func(t *testing.T, head, payload, tail []byte, times int) {
		payload = bytes.Repeat(payload, min(max(times, 0), 10_000))
		frame := ports.Frame{Head: head, Payload: payload, Tail: tail}
		encoded := appendFrame(nil, outgoing{code: ws.OpText, frame: frame})
		rest := bytes.NewReader(encoded)
		got, err := ws.ReadFrame(rest)
		if err != nil || rest.Len() != 0 {
			t.Fatalf("%v, %d bytes left", err, rest.Len())
		}
		if err := ws.CheckHeader(got.Header, ws.StateClientSide); err != nil || !got.Header.Fin || got.Header.OpCode != ws.OpText {
			t.Fatalf("header %+v: %v", got.Header, err)
		}
		if !bytes.Equal(got.Payload, frame.AppendTo(nil)) {
			t.Fatal("the payload has changed")
		}
	})
}

func FuzzReasonFitsACloseFrame(f *testing.F) {
	f.Add("short")
	f.Add(strings.Repeat("x", 122) + "ö")
	f.Add(strings.Repeat("\xff", 124))
	f.Fuzz(func(t *testing.T, reason string) {
		got := wireReason(reason)
		if len(got) > 123 || !utf8.ValidString(got) {
			t.Fatalf("%q", got)
		}
		if whole := strings.ToValidUTF8(reason, "\uFFFD"); !strings.HasPrefix(whole, got) || len(whole)-len(got) >= utf8.UTFMax && len(got) <= 123-utf8.UTFMax {
			t.Fatalf("%q became %q", reason, got)
		}
	})
}

func FuzzSubprotocolsAreTokens(f *testing.F) {
	f.Add("graphql-transport-ws, graphql-ws", "other")
	f.Add(" ,, ", "")
	f.Fuzz(func(t *testing.T, first, second string) {
		header := http.Header{"Sec-Websocket-Protocol": {first, second}}
		for _, protocol := range protocols(header) {
			if protocol == "" || strings.Contains(protocol, ",") || strings.TrimSpace(protocol) != protocol {
				t.Fatalf("%q", protocol)
			}
		}
	})
}
