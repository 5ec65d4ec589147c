package graphqlhttp_test

import (
	"testing"

	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/ports/porttest"
)

func TestSettings(t *testing.T) {
	porttest.TestSettings(t, graphqlhttp.Config{}, func(config graphqlhttp.Config) error {
		_, err := graphqlhttp.NewHandler(&fake{}, config)
		return err
	})
}

func TestHandlerNeedsAnExecutor(t *testing.T) {
	_, err := graphqlhttp.NewHandler(nil, graphqlhttp.Config{})
	if want := "graphqlhttp.NewHandler: invalid: executor is required"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
