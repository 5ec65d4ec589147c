package memory_test

import (
	"testing"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/ports/porttest"
)

func TestSettings(t *testing.T) {
	t.Run("New", func(t *testing.T) {
		porttest.TestSettings(t, memory.Config{}, func(config memory.Config) error {
			_, err := memory.New(config)
			return err
		})
	})
	t.Run("NewPusher", func(t *testing.T) {
		porttest.TestSettings(t, memory.PusherConfig{}, func(config memory.PusherConfig) error {
			_, err := memory.NewPusher(config)
			return err
		})
	})
}

func TestDirectNeedsSomethingToDeliverWith(t *testing.T) {
	_, err := memory.NewDirect(nil)
	if want := "memory.NewDirect: invalid: deliver is required"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
