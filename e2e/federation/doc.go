// Package federation tests subgraphs in a federated graph of others: composition by
// Apollo's package, graphql-js beside the SDL that is printed, and a gateway in front of a
// subgraph in graphql-go and one in gqlgen.
package federation
