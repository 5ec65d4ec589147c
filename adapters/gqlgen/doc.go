// Package gqlgen makes schemas of the code that github.com/99designs/gqlgen
// generates, unchanged: [New] takes what NewExecutableSchema returns. Its options
// are the settings of gqlgen's handler.Server, so that
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
// A resolver of a subscription returns what the method Channel of a topic returns.
// The resolver is called once as a client subscribes, when the channel is closed,
// and once for each event that is executed, when the channel holds that event
// alone. It may make another channel of it, also by a goroutine, which closes its
// own channel when the topic's is closed. A resolver that sends values of its own is
// refused, and its context is cancelled. To send nothing for an event the resolver
// closes its channel without a value, or returns [ports.ErrSkip].
//
// # Errors
//
// Without an [ErrorPresenter], clients read of errors what the engine shows them: of
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
// ([graphql.OperationContextMutator], the complexity limit for one) and those around
// operations and responses are called for each execution: as a client subscribes,
// and again for each event that is executed. Operations have no headers. @defer is
// ignored.
package gqlgen
