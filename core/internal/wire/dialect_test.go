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
		{"the modern one", []string{"graphql-transport-ws"}, modern, "graphql-transport-ws"},
		{"the legacy one", []string{"graphql-ws"}, legacy, "graphql-ws"},
		{"the modern one wins", []string{"graphql-ws", "graphql-transport-ws"}, modern, "graphql-transport-ws"},
		{"among others", []string{"mqtt", "graphql-ws", "soap"}, legacy, "graphql-ws"},
		{"whatever the case, in the client's own spelling", []string{"GraphQL-Transport-WS"}, modern, "GraphQL-Transport-WS"},
		{"whatever the space around", []string{" graphql-ws\t"}, legacy, "graphql-ws"},
		{"the first spelling of several", []string{"GRAPHQL-WS", "graphql-ws"}, legacy, "GRAPHQL-WS"},
		{"none offered", nil, "", ""},
		{"an empty name", []string{""}, "", ""},
		{"unknown ones", []string{"graphql", "graphql-wss", "graphql_ws", "xgraphql-ws"}, "", ""},
		{"a list that nobody has split", []string{"graphql-ws, graphql-transport-ws"}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dialect, spelling, ok := wire.Select(test.offered)
			protocol := ""
			if ok {
				protocol = dialect.Name()
			}
			if protocol != test.protocol || spelling != test.spelling || ok != (test.protocol != "") {
				t.Errorf("got %q, %q, %t", protocol, spelling, ok)
			}
		})
	}
}
