// Package chatgqlgen is the chat's schema once more, as a gqlgen schema: the same
// types, the same topics, and resolvers that do the same. A program that is given
// this one in the place of package schema's behaves as before.
package chatgqlgen

import (
	"github.com/fanql/fanql/adapters/gqlgen"
	"github.com/fanql/fanql/examples/chat/schema"
)

//go:generate go run github.com/99designs/gqlgen@v0.17.98 generate

// New builds the schema on a history.
func New(history schema.History) (*gqlgen.Schema, error) {
	return gqlgen.New(NewExecutableSchema(Config{Resolvers: resolvers{schema.Chat{History: history}}}))
}
