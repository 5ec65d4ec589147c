//go:build !gqlgen

package library

import (
	chatgraphqlgo "github.com/fanql/fanql/examples/chat-graphqlgo"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/ports"
)

// New builds the schema on a history.
func New(history schema.History) (ports.Schema, error) { return chatgraphqlgo.New(history) }
