package ports_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/fanql/fanql/ports"
)

func TestUnavailable(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"none":                       {nil, false},
		"refused for now":            {&ports.Error{Op: "store", Kind: ports.ErrThrottled, Err: errors.New("OOM")}, true},
		"the outcome is unknown":     {&ports.Error{Op: "store", Err: context.DeadlineExceeded}, true},
		"wrapped":                    {fmt.Errorf("hook: %w", &ports.Error{Op: "bus"}), true},
		"beside another":             {errors.Join(&ports.Error{Op: "store"}, errors.New("other")), true},
		"can never succeed":          {&ports.Error{Op: "store", Kind: ports.ErrTooLarge}, false},
		"taken":                      {&ports.Error{Op: "store", Kind: ports.ErrConflict}, false},
		"of no adapter":              {errors.New("other"), false},
		"of no adapter, in its time": {context.DeadlineExceeded, false},
	} {
		if got := ports.Unavailable(test.err); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
