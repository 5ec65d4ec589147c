// Package sdl prints schemas in GraphQL's schema definition language (GraphQL,
// October 2021, section 3), as printSchema of graphql-js does.
//
// Types and directives are in the order of their names, all else is in the order of
// its definition. What every schema has is left out: introspection, the built-in
// scalars, and the directives of section 3.13.
package sdl
