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
