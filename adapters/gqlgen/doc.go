// Package gqlgen makes schemas of github.com/99designs/gqlgen of the code that
// gqlgen generates, unchanged: [New] takes what NewExecutableSchema returns. It
// has the verbs of gqlgen's handler.Server as options, so that
//
//	server := handler.New(graph.NewExecutableSchema(config))
//	server.Use(extension.FixedComplexityLimit(100))
//
// becomes
//
//	schema, err := gqlgen.New(graph.NewExecutableSchema(config),
//		gqlgen.Use(extension.FixedComplexityLimit(100)))
//
// # Subscriptions
//
// A resolver of a subscription returns what the method Channel of a topic
// returns. The resolver is called once as a client subscribes, when the channel
// is closed, and once for each event that is executed, when the channel holds
// that event alone. A goroutine of the resolver may make other values of it, as
// long as it closes its own channel when the topic's is closed. A resolver that
// sends values of its own is refused, and its context is cancelled. To send
// nothing for an event the resolver closes its channel without a value, or
// returns [ports.ErrSkip].
//
// # Errors
//
// Without an [ErrorPresenter] clients read of errors what the engine shows them: of
// a [ports.PublicError] its message, and of all others, also of those made by
// package gqlerror, that there was an internal error. With one it decides, as in
// gqlgen: [graphql.DefaultErrorPresenter] shows every text. The same holds for
// panics, with what a [RecoverFunc] makes of them. Errors that an extension puts
// into a response itself, or refuses an operation with, are shown.
//
// # What differs from gqlgen's own server
//
// The engine takes the place of the transports, the query cache, the parser's token
// limit and persisted queries; documents and variables are checked before gqlgen
// sees them. Introspection is on unless [ports.Limits] refuse it, or an extension
// disables it for an operation. Extensions that change operations
// ([graphql.OperationContextMutator], so also the complexity limit) and those
// around operations are called for each execution: as a client subscribes, and again for each event that
// is executed. Operations have no headers. @defer is ignored.
package gqlgen
