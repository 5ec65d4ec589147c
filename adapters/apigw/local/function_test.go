package local_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/fanql/fanql/adapters/apigw/local"
)

func TestFunction(t *testing.T) {
	function := local.NewFunction(func(_ context.Context, event struct{ Do string }) (map[string]string, error) {
		switch event.Do {
		case "fail":
			return nil, errFunction
		case "panic":
			panic("it broke")
		}
		return map[string]string{"did": event.Do}, nil
	})
	if answer, err := function.Invoke(t.Context(), []byte(`{"do":"it"}`)); err != nil || string(answer) != `{"did":"it"}` {
		t.Errorf("answered %s (%v)", answer, err)
	}
	if _, err := function.Invoke(t.Context(), []byte(`{"do":"fail"}`)); !errors.Is(err, errFunction) {
		t.Errorf("got %v, want the handler's error", err)
	}
	if _, err := function.Invoke(t.Context(), []byte(`{"do":"panic"}`)); err == nil || !strings.Contains(err.Error(), "it broke") {
		t.Errorf("got %v, want the panic", err)
	}
	if _, err := function.Invoke(t.Context(), []byte(`nonsense`)); err == nil {
		t.Error("no error for an event that is no JSON")
	}
}
