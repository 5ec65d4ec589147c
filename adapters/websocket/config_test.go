package websocket_test

import (
	"testing"

	"github.com/fanql/fanql/adapters/websocket"
	"github.com/fanql/fanql/ports/porttest"
)

func TestSettings(t *testing.T) {
	porttest.TestSettings(t, websocket.Config{}, func(config websocket.Config) error {
		_, err := websocket.NewServer(config)
		return err
	})
}

func TestUnknownPolicyIsRefused(t *testing.T) {
	_, err := websocket.NewServer(websocket.Config{SlowConsumer: 2})
	if want := "websocket.NewServer: invalid: websocket.Config.SlowConsumer is none of the policies"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOriginsThatNothingMatchesAreRefused(t *testing.T) {
	_, err := websocket.NewServer(websocket.Config{Origins: []string{"a", "https://b/"}})
	want := `websocket.NewServer: invalid: websocket.Config.Origins: "https://b/" has a path, and an origin has none: write "https://b"`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
