//go:build e2e

package clients

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fanql/fanql/e2e/internal/program"
)

// result is what a client's script reports; scenario.mjs says what it did before.
type result struct {
	Sockets          int
	Protocol         string
	History          []string
	Received         []string
	Late             string
	Probes           int
	AfterUnsubscribe []string
	AfterSettled     []string
	Errors           []string
	Mutation         message
	Query            []message
}

type message struct{ Author, Text string }

// Messages says how a server takes the messages of one socket.
type Messages int

// Two ways to take messages.
const (
	// InOrder: what is said after another message finds it taken, so that nothing comes for
	// an operation after its end (core.Engine.Take).
	InOrder Messages = iota
	// InAnyOrder: a subscription may live a little longer than its end was sent.
	InAnyOrder
)

// Test runs every client against the chat at base, each in a room of its own, and
// returns when all have ended.
func Test(t *testing.T, base string, messages Messages) {
	t.Helper()
	t.Run("clients", func(t *testing.T) { testEach(t, base, messages) })
}

func testEach(t *testing.T, base string, messages Messages) {
	t.Helper()
	const modern, legacy = "graphql-transport-ws", "graphql-ws"
	for _, client := range []struct {
		name, protocol string
		// refusal is in the error that the client reports for a bad request.
		refusal string
	}{
		{name: "graphql-ws", protocol: modern, refusal: "Syntax Error"},
		{name: "graphql-ws-5", protocol: modern, refusal: "Syntax Error"},
		{name: "subscriptions-transport-ws", protocol: legacy, refusal: "Syntax Error"},
		{name: "apollo", protocol: modern, refusal: "nosuchfield"},
		{name: "urql", protocol: modern, refusal: "nosuchfield"},
	} {
		t.Run(client.name, func(t *testing.T) {
			t.Parallel()
			var got result
			program.RunScript(t, &got, client.name+".mjs", base)
			t.Logf("unsubscribing took until probe %d, and meanwhile %q came", got.Probes, got.AfterUnsubscribe)

			if len(got.Errors) != 1 || !strings.Contains(got.Errors[0], client.refusal) {
				t.Errorf("the bad request got the errors %q, want one about %q", got.Errors, client.refusal)
			}
			checkEnd(t, got, client.protocol == legacy, messages)
			want := result{
				Sockets:  1,
				Protocol: client.protocol,
				History:  []string{"before"},
				Received: published(),
				Late:     "late",
				Mutation: message{Author: "Ada", Text: "over the socket"},
				Query:    []message{{Author: "Ada", Text: "over the socket"}},
				// Checked above.
				Errors: got.Errors, Probes: got.Probes, AfterUnsubscribe: got.AfterUnsubscribe, AfterSettled: got.AfterSettled,
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the client reports\n%+v\nwant\n%+v", got, want)
			}
		})
	}
}

// checkEnd checks what the server still sent for an operation that the client had
// ended. A legacy client receives one complete; no result comes once the end is
// settled, or at all where messages are taken in order.
func checkEnd(t *testing.T, got result, legacy bool, messages Messages) {
	t.Helper()
	isResult := func(kind string) bool { return kind != "complete" }
	if slices.ContainsFunc(got.AfterSettled, isResult) {
		t.Errorf("once its end was settled, the operation got %q", got.AfterSettled)
	}
	completes := len(got.AfterUnsubscribe) - len(slices.DeleteFunc(slices.Clone(got.AfterUnsubscribe), func(kind string) bool { return kind == "complete" }))
	if legacy && completes > 1 || !legacy && completes > 0 {
		t.Errorf("after its end the operation got %q: too many completes", got.AfterUnsubscribe)
	}
	if messages != InOrder {
		return
	}
	want := []string{}
	if legacy {
		want = []string{"complete"}
	}
	if !slices.Equal(got.AfterUnsubscribe, want) || len(got.AfterSettled) > 0 {
		t.Errorf("after its end the operation got %q, want %q", got.AfterUnsubscribe, want)
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
