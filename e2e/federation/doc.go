// Package federation tests subgraphs in a federated graph of others: composition by
// Apollo's package, graphql-js beside the SDL that is printed, and a gateway in front of a
// subgraph in graphql-go and the one in gqlgen of examples/subgraph. The packages are those
// of examples/subgraph/gateway.
package federation
