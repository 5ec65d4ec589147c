//go:build e2e

package e2e

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// clientResult is what a client's script in clients reports; scenario.mjs says
// what it did before.
type clientResult struct {
	Sockets          int
	Protocol         string
	History          []string
	Received         []string
	Late             string
	AfterUnsubscribe []string
	Errors           []string
	Mutation         message
	Query            []message
}

type message struct{ Author, Text string }

func TestClients(t *testing.T) {
	base := startChat(t)
	const modern, legacy = "graphql-transport-ws", "graphql-ws"
	for _, client := range []struct {
		name, protocol string
		// refusal is in the error that the client reports for a bad request.
		refusal string
		// afterUnsubscribe is what the server may still say of an operation that
		// the client has ended: never a result.
		afterUnsubscribe []string
	}{
		{name: "graphql-ws", protocol: modern, refusal: "Syntax Error"},
		{name: "graphql-ws-5", protocol: modern, refusal: "Syntax Error"},
		{name: "subscriptions-transport-ws", protocol: legacy, refusal: "Syntax Error", afterUnsubscribe: []string{"complete"}},
		{name: "apollo", protocol: modern, refusal: "nosuchfield"},
		{name: "urql", protocol: modern, refusal: "nosuchfield"},
	} {
		t.Run(client.name, func(t *testing.T) {
			var got clientResult
			runScript(t, &got, client.name+".mjs", base)

			if len(got.Errors) != 1 || !strings.Contains(got.Errors[0], client.refusal) {
				t.Errorf("the bad request got the errors %q, want one about %q", got.Errors, client.refusal)
			}
			want := clientResult{
				Sockets:          1,
				Protocol:         client.protocol,
				History:          []string{"before"},
				Received:         published(),
				Late:             "late",
				AfterUnsubscribe: append([]string{}, client.afterUnsubscribe...),
				Errors:           got.Errors,
				Mutation:         message{Author: "Ada", Text: "over the socket"},
				Query:            []message{{Author: "Ada", Text: "over the socket"}},
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the client reports\n%+v\nwant\n%+v", got, want)
			}
		})
	}
}

// published are the messages that a script sends while its client is subscribed.
func published() []string {
	texts := make([]string, 20)
	for i := range texts {
		texts[i] = fmt.Sprintf("message %d", i+1)
	}
	return texts
}
