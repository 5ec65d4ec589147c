package core

import "github.com/fanql/fanql/ports"

// Hooks are the user's say in the life of connections and operations.
type Hooks = ports.Hooks

// Session is what OnConnect and OnInit decide about a connection.
type Session = ports.Session

// Completed describes an operation that has ended.
type Completed = ports.Completed

// CompletionReason says why an operation ended.
type CompletionReason = ports.CompletionReason

// Disconnected describes a connection that has ended.
type Disconnected = ports.Disconnected

// The reasons for the end of an operation.
const (
	CompletedByClient     = ports.CompletedByClient
	CompletedByServer     = ports.CompletedByServer
	CompletedByError      = ports.CompletedByError
	CompletedByDisconnect = ports.CompletedByDisconnect
)
