// Package memory holds every port in process: connections, subscriptions and
// events in a Backend, sockets in a Pusher. It is for tests, for
// development, and for a service that runs in one process and can lose its
// subscriptions with it.
//
// The adapters keep the contracts of package ports, as the other adapters do;
// what they add to them is said at each type.
package memory

import (
	"context"

	"github.com/fanql/fanql/ports"
)

// failure is the error of a call: of a kind, or of its context.
func failure(op string, kind error) error {
	return &ports.Error{Op: "memory." + op, Kind: kind}
}

// ended is the error of a call whose context has ended, and nil before that.
func ended(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return &ports.Error{Op: "memory." + op, Err: err}
	}
	return nil
}
