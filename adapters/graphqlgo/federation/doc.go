// Package federation makes schemas of github.com/graphql-go/graphql subgraphs of a
// federated graph, by Apollo's subgraph specification for Federation 2
// (https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec).
//
// The schema gets the fields _service, which has its SDL with the directives of
// [Config], and _entities, which [Resolve] answers: all representations of a type in one
// call. graphql-go's types stay as they are.
//
// Definitions are named by their schema coordinates: "User" is a type, "User.email" a
// field, "Query.users(first:)" an argument, "Role.ADMIN" an enum value, "Filter.name" a
// field of an input object.
//
// # What clients read
//
// A representation that is no object, has no __typename or one of no entity, lacks the
// fields of a key, or holds values of other types, is null with an error that says so,
// in its place of the list: the path is _entities and its index. The others are resolved.
//
// # Security
//
// _service shows the whole schema, also where introspection is disabled, and _entities
// reads any entity by its key, whoever asks. A subgraph is for routers: keep other
// clients away from it, or check in resolvers of entities what the caller may read.
package federation
