package core

import "github.com/fanql/fanql/ports"

// Hooks are the user's say in the life of connections and operations.
type Hooks = ports.Hooks

// What hooks decide and learn.
type (
	Session          = ports.Session
	Completed        = ports.Completed
	CompletionReason = ports.CompletionReason
	Disconnected     = ports.Disconnected
)

// The reasons for the end of an operation.
const (
	CompletedByClient     = ports.CompletedByClient
	CompletedByServer     = ports.CompletedByServer
	CompletedByError      = ports.CompletedByError
	CompletedByDisconnect = ports.CompletedByDisconnect
)

// Refuse is the error with which a hook says no. The client reads the reason;
// in a close frame at most 123 bytes of it. To choose the HTTP status or the
// close code as well, return a *ports.Refusal.
func Refuse(reason string) error { return &ports.Refusal{Reason: reason} }
