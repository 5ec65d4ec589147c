// Package hooks calls the user's hooks so that no panic gets further, and reports
// what no client and no caller learns of.
package hooks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/fanql/fanql/ports"
)

// Calls are guarded calls of the hooks.
type Calls struct {
	Hooks  ports.Hooks
	Logger *slog.Logger
}

// Connect asks OnConnect; without one everybody may.
func (c Calls) Connect(ctx context.Context, handshake ports.Handshake) (session ports.Session, err error) {
	if c.Hooks.OnConnect == nil {
		return ports.Session{}, nil
	}
	defer ports.Recover(&err)
	return c.Hooks.OnConnect(ctx, handshake)
}

// Init asks OnInit, which must be there.
func (c Calls) Init(ctx context.Context, payload json.RawMessage) (session ports.Session, err error) {
	defer ports.Recover(&err)
	return c.Hooks.OnInit(ctx, payload)
}

// Subscribe asks OnSubscribe; without one the request stays as it is.
func (c Calls) Subscribe(ctx context.Context, request ports.Request) (_ ports.Request, err error) {
	if c.Hooks.OnSubscribe == nil {
		return request, nil
	}
	defer ports.Recover(&err)
	return c.Hooks.OnSubscribe(ctx, request)
}

// TooLarge reports false where there is nothing to send instead.
func (c Calls) TooLarge(ctx context.Context, ref ports.OperationRef, body []byte) (instead []byte, ok bool) {
	if c.Hooks.OnTooLarge == nil {
		return nil, false
	}
	var err error
	func() {
		defer ports.Recover(&err)
		instead, err = c.Hooks.OnTooLarge(ctx, ref, body)
	}()
	if err == nil && instead != nil && (!json.Valid(instead) || bytes.TrimLeft(instead, " \t\r\n")[0] != '{') {
		err = errors.New("returned no JSON object")
	}
	if err != nil {
		c.Report(ctx, "OnTooLarge hook", err, Connection(ref.Connection))
		return nil, false
	}
	return instead, instead != nil
}

// Complete calls OnComplete.
func (c Calls) Complete(ctx context.Context, ref ports.OperationRef, reason ports.CompletionReason) {
	if c.Hooks.OnComplete == nil {
		return
	}
	var err error
	func() {
		defer ports.Recover(&err)
		c.Hooks.OnComplete(ctx, ports.Completed{Operation: ref, Reason: reason})
	}()
	if err != nil {
		c.Report(ctx, "OnComplete hook", err, Connection(ref.Connection))
	}
}

// Disconnect calls OnDisconnect.
func (c Calls) Disconnect(ctx context.Context, disconnected ports.Disconnected) {
	if c.Hooks.OnDisconnect == nil {
		return
	}
	var err error
	func() {
		defer ports.Recover(&err)
		c.Hooks.OnDisconnect(ctx, disconnected)
	}()
	if err != nil {
		c.Report(ctx, "OnDisconnect hook", err, Connection(disconnected.Connection.Address.ID))
	}
}

// formatError never answers nil: what has failed stays a failure.
func (c Calls) formatError(ctx context.Context, failure error) (formatted error) {
	if c.Hooks.FormatError == nil {
		return failure
	}
	defer func() {
		if formatted == nil {
			formatted = failure
		}
	}()
	defer ports.Recover(&formatted)
	return c.Hooks.FormatError(ctx, failure)
}

func (c Calls) onError(ctx context.Context, failure error) {
	if c.Hooks.OnError == nil {
		return
	}
	var err error
	defer func() {
		if err != nil {
			c.Logger.ErrorContext(ctx, "OnError hook", "error", err.Error())
		}
	}()
	defer ports.Recover(&err)
	c.Hooks.OnError(ctx, failure)
}
