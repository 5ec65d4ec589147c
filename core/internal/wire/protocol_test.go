package wire_test

import (
	"testing"

	"github.com/fanql/fanql/core/internal/wire"
)

func TestSelect(t *testing.T) {
	for _, test := range []struct {
		name               string
		offered            []string
		protocol, spelling string
	}{
		{"the modern one", []string{"graphql-transport-ws"}, wire.Modern, "graphql-transport-ws"},
		{"the legacy one", []string{"graphql-ws"}, wire.Legacy, "graphql-ws"},
		{"the modern one wins", []string{"graphql-ws", "graphql-transport-ws"}, wire.Modern, "graphql-transport-ws"},
		{"among others", []string{"mqtt", "graphql-ws", "soap"}, wire.Legacy, "graphql-ws"},
		{"whatever the case, in the client's own spelling", []string{"GraphQL-Transport-WS"}, wire.Modern, "GraphQL-Transport-WS"},
		{"whatever the space around", []string{" graphql-ws\t"}, wire.Legacy, "graphql-ws"},
		{"the first spelling of several", []string{"GRAPHQL-WS", "graphql-ws"}, wire.Legacy, "GRAPHQL-WS"},
		{"none offered", nil, "", ""},
		{"an empty name", []string{""}, "", ""},
		{"unknown ones", []string{"graphql", "graphql-wss", "graphql_ws", "xgraphql-ws"}, "", ""},
		{"a list that nobody has split", []string{"graphql-ws, graphql-transport-ws"}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			protocol, spelling, ok := wire.Select(test.offered)
			if protocol != test.protocol || spelling != test.spelling || ok != (test.protocol != "") {
				t.Errorf("got %q, %q, %t", protocol, spelling, ok)
			}
		})
	}
}
