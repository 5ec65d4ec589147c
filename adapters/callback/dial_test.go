package callback

import (
	"context"
	"errors"
	"net"
	"net/url"
	"testing"

	"github.com/fanql/fanql/ports"
)

// A program that dials itself is asked for what Config.Allow lets pass, and for nothing else.
func TestDial(t *testing.T) {
	t.Parallel()
	var dialed []string
	errDialed := errors.New("dialed")
	c, err := New(Config{Allow: []string{"http://127.0.0.1:4000/callback"}, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
		dialed = append(dialed, address)
		return nil, errDialed
	}})
	if err != nil {
		t.Fatal(err)
	}
	for callbackURL, want := range map[string]error{
		"http://127.0.0.1:4000/callback/id": errDialed,
		"http://127.0.0.1:4001/callback/id": ports.ErrGone,
	} {
		u, err := url.Parse(callbackURL)
		if err != nil {
			t.Fatal(err)
		}
		to := target{url: u, id: "id", verifier: "v"}
		if err := c.Push(t.Context(), to.address(), ports.Frame{Payload: []byte(`{"id":"id","type":"next","payload":{}}`)}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", callbackURL, err, want)
		}
	}
	if len(dialed) != 1 || dialed[0] != "127.0.0.1:4000" {
		t.Errorf("dialed %q", dialed)
	}
}
