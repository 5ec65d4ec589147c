//go:build gqlgen

package library

import (
	chatgqlgen "github.com/fanql/fanql/examples/chat-gqlgen"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/ports"
)

// New builds the schema on a history.
func New(history schema.History) (ports.Schema, error) { return chatgqlgen.New(history) }
