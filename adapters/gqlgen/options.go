package gqlgen

import (
	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
)

// Option is one of the settings of gqlgen's handler.Server.
type Option func(*Schema) error

// Use adds extensions, as Server.Use does. One that changes requests before they
// are parsed ([graphql.OperationParameterMutator]) is refused: the engine parses
// them, and has its own persisted queries.
func Use(extensions ...graphql.HandlerExtension) Option {
	return func(s *Schema) error {
		for _, extension := range extensions {
			if extension == nil {
				return refuse("Use: an extension is nil")
			}
			if _, ok := extension.(graphql.OperationParameterMutator); ok {
				return refuse("Use: extension %s changes requests before they are parsed, which the engine does", extension.ExtensionName())
			}
			if err := s.use("Use: extension "+extension.ExtensionName(), func(e *executor.Executor) { e.Use(extension) }); err != nil {
				return err
			}
			if mutator, ok := extension.(graphql.OperationContextMutator); ok {
				s.mutators = append(s.mutators, mutator)
			}
		}
		return nil
	}
}

// AroundOperations adds a middleware around operations. Its context is that of the
// request or of the event.
func AroundOperations(middleware graphql.OperationMiddleware) Option {
	return func(s *Schema) error {
		return s.use("AroundOperations", func(e *executor.Executor) { e.AroundOperations(middleware) })
	}
}

// AroundResponses adds a middleware around responses. As a client subscribes there
// is one without data, whose errors refuse the subscription.
func AroundResponses(middleware graphql.ResponseMiddleware) Option {
	return func(s *Schema) error {
		return s.use("AroundResponses", func(e *executor.Executor) { e.AroundResponses(middleware) })
	}
}

// AroundRootFields adds a middleware around the fields of queries and mutations;
// gqlgen has none around those of subscriptions.
func AroundRootFields(middleware graphql.RootFieldMiddleware) Option {
	return func(s *Schema) error {
		return s.use("AroundRootFields", func(e *executor.Executor) { e.AroundRootFields(middleware) })
	}
}

// AroundFields adds a middleware around all fields. That of a subscription results
// in a channel.
func AroundFields(middleware graphql.FieldMiddleware) Option {
	return func(s *Schema) error {
		return s.use("AroundFields", func(e *executor.Executor) { e.AroundFields(middleware) })
	}
}

// ErrorPresenter says what clients read of errors, as Server.SetErrorPresenter
// does. What it returns goes through the engine as a [ports.PublicError], so that
// the engine's hooks have the last word.
func ErrorPresenter(presenter graphql.ErrorPresenterFunc) Option {
	return func(s *Schema) error {
		s.presenter = presenter
		return nil
	}
}

// RecoverFunc makes errors of panics, as Server.SetRecoverFunc does. Without it an
// ErrorPresenter is given "internal system error", as by gqlgen. The engine is given
// the panic itself, with its stack.
func RecoverFunc(recoverer graphql.RecoverFunc) Option {
	return func(s *Schema) error {
		s.recoverer = recoverer
		return nil
	}
}

// use configures the executor, which says by a panic what cannot work.
func (s *Schema) use(what string, configure func(*executor.Executor)) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = refuse("%s: %v", what, r)
		}
	}()
	configure(s.executor)
	return nil
}
