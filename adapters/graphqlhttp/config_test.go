package graphqlhttp_test

import (
	"errors"
	"testing"

	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

func TestSettings(t *testing.T) {
	porttest.TestSettings(t, graphqlhttp.Config{}, func(config graphqlhttp.Config) error {
		_, err := graphqlhttp.NewHandler(&fake{}, config)
		return err
	})
}

func TestHandlerNeedsAnExecutor(t *testing.T) {
	for _, executor := range []graphqlhttp.Executor{nil, (*fake)(nil)} {
		_, err := graphqlhttp.NewHandler(executor, graphqlhttp.Config{})
		if want := "graphqlhttp.NewHandler: invalid: executor is required"; !errors.Is(err, ports.ErrInvalid) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestStreamsThatAreANilPointer(t *testing.T) {
	var streams *struct{ graphqlhttp.Streams }
	_, err := graphqlhttp.NewHandler(&fake{}, graphqlhttp.Config{Streams: streams})
	if want := "graphqlhttp.NewHandler: invalid: graphqlhttp.Config.Streams is a nil pointer: leave it out, or set one that was made"; !errors.Is(err, ports.ErrInvalid) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
