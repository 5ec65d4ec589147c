// Package products is a subgraph in gqlgen, whose entities other subgraphs refer to.
package products

//go:generate go run github.com/99designs/gqlgen@v0.17.98 generate
