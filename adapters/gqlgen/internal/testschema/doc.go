// Package testschema is a schema with all that gqlgen has, for the adapter's tests.
package testschema

//go:generate go run github.com/99designs/gqlgen@v0.17.98 generate
