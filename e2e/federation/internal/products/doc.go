// Package products is a subgraph in gqlgen, with its federation plugin, for the tests of
// federation.
package products

//go:generate go run github.com/99designs/gqlgen@v0.17.98 generate
