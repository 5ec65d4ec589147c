// Package graphqlgo makes schemas of github.com/graphql-go/graphql executable by
// FanQL. Types and resolvers are graphql-go's own; parsing, validation and execution
// are not: an operation is planned once, and executed straight into JSON, any number
// of times.
package graphqlgo
