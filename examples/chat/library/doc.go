// Package library chooses the library that the chat's schema is written in:
// graphql-go, or gqlgen where a program is built with the tag gqlgen. A program links
// the one it uses and not the other.
package library
