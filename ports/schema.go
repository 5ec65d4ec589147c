package ports

import "context"

// Schema is a GraphQL schema, as far as the engine needs to know: it makes
// documents into operations that can be executed any number of times. Adapters
// make one of the schemas of a GraphQL library.
//
// Its methods, and those of what it returns, may be called concurrently, from the
// first call on. They keep nothing of a call: what is worth keeping, the engine
// keeps.
//
// What a request has done wrong is in the ResponseErrors; nil means nothing. They
// are at most ten, encode to at most 16 KiB whatever the request is, and hold no text
// of user code but what an ErrorFormat has returned. No method panics, whatever user
// code does.
type Schema interface {
	// Prepare parses and validates a document (GraphQL, sections 2 and 5), as far
	// as its limits allow. Time and memory that it takes are bounded in proportion
	// to the document.
	Prepare(document string, limits Limits) (Document, ResponseErrors)
}

// Limits bound a document before anything is spent on it; 0 means no limit.
type Limits struct {
	// Bytes is how long the document may be, and Tokens how many lexical tokens it
	// may have (GraphQL, section 2.1.6), ignored ones not counted.
	Bytes, Tokens int
	// Depth is how deep its fields may nest, Aliases how many aliases an operation
	// may have, and Fields how many fields, each with all fragments in place.
	Depth, Aliases, Fields int
	// NoIntrospection refuses __schema and __type.
	NoIntrospection bool
}

// Document is a document that is valid.
type Document interface {
	// Operation finds the operation to execute (GraphQL, section 6.1,
	// GetOperation). An empty name stands for none.
	Operation(name string) (OperationDefinition, ResponseErrors)
	// Cost is about how many bytes of memory the document and all that is made
	// for its execution take. The engine's cache is charged with it.
	Cost() int
}

// OperationKind is query, mutation or subscription.
type OperationKind string

// The kinds of operation.
const (
	OperationQuery        OperationKind = "query"
	OperationMutation     OperationKind = "mutation"
	OperationSubscription OperationKind = "subscription"
)

// OperationDefinition is one operation of a document.
type OperationDefinition interface {
	Kind() OperationKind
	// Name is the operation's name in the document; empty without one.
	Name() string
	// Bind coerces the variables (GraphQL, section 6.1.2): a JSON object, null, or
	// nothing. It may call user code, such as a scalar's parser; format is asked
	// about what that fails with. The operation can then be executed any number of
	// times. Numbers keep all their digits.
	Bind(ctx context.Context, variables []byte, format ErrorFormat) (BoundOperation, ResponseErrors)
}

// BoundOperation is an operation with its variables.
type BoundOperation interface {
	// Subscribe runs the resolver that decides about a subscription, and executes
	// nothing: the engine finds in ctx what the resolver asked for. The errors are
	// those that the client is to read. Only for a subscription.
	Subscribe(ctx context.Context, format ErrorFormat) ResponseErrors

	// Execute executes the operation once (GraphQL, sections 6.2 and 6.3). It
	// returns when all user code that it called has returned. Cancelling ctx is
	// for resolvers to notice. What one execution does to its arguments, variables
	// or results, no other sees.
	Execute(ctx context.Context, call Call) Result

	// Cost is about how many bytes of memory the coerced variables take, which may be
	// many times what was sent. The engine's cache is charged with it.
	Cost() int
}

// Call is what one execution is given.
type Call struct {
	// Root is the source of the operation's own fields: of a subscription, the
	// payload of the event as DecodeJSON returns it. Other executions have the same
	// one: what resolvers may write into is a copy.
	Root any
	// Format is asked about each error that user code returned.
	Format ErrorFormat
	// Extensions are put into the response, beside what the library adds.
	Extensions map[string]any
	// MaxBytes bounds the response while it is made; 0 means no limit. A response
	// that would be longer has no data and one error that says so.
	MaxBytes int
}

// Result is what one execution came to.
type Result struct {
	// Body is the response as JSON (GraphQL, section 7.1), in the order of the
	// document: data, errors, extensions. It belongs to the caller.
	Body []byte
	// Skip is set when the subscription's own field failed with ErrSkip. Then
	// there is no body.
	Skip bool
	// Rejected is set when a library's own checks refused the request before any
	// resolver ran. Then there is no body.
	Rejected ResponseErrors
}

// ErrorFormat says what a client may read of an error that user code returned,
// or with which it panicked; ctx is the one that the user code ran in. It is
// called once for each error, also for those that the response has no place for
// (GraphQL, section 6.4.4), and never returns nil.
//
// An error of a field's resolver comes as a *FieldError, so that whoever reads the log
// knows which.
type ErrorFormat func(ctx context.Context, err error) *PublicError

// FieldError is an error of user code at a field. Its text is that of the error.
type FieldError struct {
	// Field is the type's name and the field's, as in the schema: "Query.room".
	Field string
	Err   error
}

func (e *FieldError) Error() string { return e.Err.Error() }

func (e *FieldError) Unwrap() error { return e.Err }
