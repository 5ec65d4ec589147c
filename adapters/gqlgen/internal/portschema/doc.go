// Package portschema is the schema of the suite for schema adapters, porttest.SchemaSDL,
// as gqlgen generates it.
package portschema

//go:generate go run github.com/99designs/gqlgen@v0.17.98 generate
