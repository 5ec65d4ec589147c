package fanqltest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fanql/fanql/internal/protoclient"
)

// Operation is one operation of a client, most often a subscription.
type Operation struct {
	client  *Client
	id      string
	request protoclient.Request
	// positions are those of the latest results that were read, by topic, and lastEventID
	// that of the last one over ServerSentEvents.
	positions   map[string]string
	lastEventID string
	// messages are those that came and were not read.
	messages []protoclient.Message
}

// Result is one GraphQL response.
type Result struct {
	Data       json.RawMessage
	Errors     []Error
	Extensions map[string]any
}

// Error is one GraphQL error.
type Error struct {
	Message    string
	Path       []any
	Extensions map[string]any
}

// Next waits for the operation's next result and returns the one field of its
// data: X of {"data": {"messageFeed": X}}, decoded by encoding/json. Errors in
// the result fail the test; where they are expected, or a query has several
// fields, use Operation.Result.
func Next[T any](o *Operation) T {
	tb := o.client.tb
	tb.Helper()
	result := o.Result()
	if len(result.Errors) > 0 {
		tb.Fatalf("fanqltest: expected a result of %s without errors, got %+v", o, result.Errors)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(result.Data, &fields); err != nil || len(fields) != 1 {
		tb.Fatalf("fanqltest: expected data of %s with one field, got %s", o, result.Data)
	}
	var value T
	for _, field := range fields {
		if err := json.Unmarshal(field, &value); err != nil {
			tb.Fatalf("fanqltest: expected a result of %s that fits %T, got %s: %v", o, value, field, err)
		}
	}
	return value
}

// Query runs a query or a mutation to its end and returns its result as Next
// does: errors fail the test. Where they are expected, use Client.Subscribe.
func Query[T any](c *Client, query string, variables ...Variables) T {
	c.tb.Helper()
	o := c.Subscribe(query, variables...)
	result := Next[T](o)
	o.Completed()
	return result
}

// Result waits for the operation's next result, with or without errors in it.
func (o *Operation) Result() Result {
	tb := o.client.tb
	tb.Helper()
	m := o.next("a result")
	if !m.IsResult() {
		tb.Fatalf("fanqltest: expected a result of %s, got %s", o, m.Raw)
	}
	var result Result
	if err := json.Unmarshal(m.Payload, &result); err != nil {
		tb.Fatalf("fanqltest: expected a result of %s, got %s: %v", o, m.Raw, err)
	}
	return result
}

// Errors waits for the message that ends the operation with errors, and returns
// them: the request was refused or wrong, or an event could not be delivered.
func (o *Operation) Errors() []Error {
	tb := o.client.tb
	tb.Helper()
	m := o.next("errors")
	if m.Type != protoclient.TypeError {
		tb.Fatalf("fanqltest: expected errors of %s, got %s", o, m.Raw)
	}
	var list []Error
	if err := m.Errors(&list); err != nil || len(list) == 0 {
		tb.Fatalf("fanqltest: expected errors of %s, got %s: %v", o, m.Raw, err)
	}
	return list
}

// Completed waits for the server to complete the operation.
func (o *Operation) Completed() {
	o.client.tb.Helper()
	if m := o.next("the end"); m.Type != protoclient.TypeComplete {
		o.client.tb.Fatalf("fanqltest: expected the end of %s, got %s", o, m.Raw)
	}
}

// Cut waits for the operation's stream to be cut off, as it is when the server stops or
// has closed the connection with a code after which clients come back
// (ports.MayReconnect).
func (o *Operation) Cut() {
	o.client.tb.Helper()
	const expected = "the stream cut off"
	if m := o.take(expected); m.Type != typeCut {
		o.client.tb.Fatalf("fanqltest: expected %s of %s, got %s", expected, o, m.Raw)
	}
}

// Nothing waits until everything that has been published is delivered, and
// expects that no message is left of the operation and that its connection is
// open, unless Closed or Disconnect have ended it.
func (o *Operation) Nothing() {
	o.client.tb.Helper()
	o.client.nothing("more of "+o.String(), &o.messages)
}

// Complete ends the operation from the client's side. What came before can still
// be read; from then on nothing comes. The legacy subprotocol's answer is not
// for Completed. A stream ends with its operation; over Callback the engine learns from the
// answer to the next event that the operation has ended.
func (o *Operation) Complete() {
	c := o.client
	c.tb.Helper()
	c.write(c.protocol.Stop(o.id))
	if c.protocol != protoclient.Legacy {
		return
	}
	c.drain()
	if last := len(o.messages) - 1; last >= 0 && o.messages[last].Type == protoclient.TypeComplete {
		o.messages = o.messages[:last]
	}
}

// String names the operation in failures, with the beginning of its text.
func (o *Operation) String() string {
	const most = 60
	text := []rune(strings.Join(strings.Fields(o.request.Query), " "))
	if len(text) > most {
		text = append(text[:most], '…')
	}
	return fmt.Sprintf("operation %s (%s)", o.id, string(text))
}

// next takes the next message.
func (o *Operation) next(expected string) protoclient.Message {
	o.client.tb.Helper()
	m := o.take(expected)
	if m.Type == typeCut {
		o.client.tb.Fatalf("fanqltest: expected %s of %s, but its stream was cut off", expected, o)
	}
	if m.IsResult() {
		o.note(m)
	}
	return m
}

func (o *Operation) take(expected string) protoclient.Message {
	o.client.tb.Helper()
	o.client.wait(fmt.Sprintf("%s of %s", expected, o), func() bool { return len(o.messages) > 0 })
	m := o.messages[0]
	o.messages = o.messages[1:]
	return m
}

// note keeps the position of a result that is read.
func (o *Operation) note(m protoclient.Message) {
	var result struct {
		Extensions struct {
			Event struct {
				Position string
				Start    []string
			}
		}
	}
	var event incoming
	if json.Unmarshal(m.Payload, &result) != nil || json.Unmarshal([]byte(m.Raw), &event) != nil {
		return
	}
	o.lastEventID = event.LastEventID
	for _, position := range append(result.Extensions.Event.Start, result.Extensions.Event.Position) {
		if topic, _, found := strings.Cut(position, "."); found {
			if o.positions == nil {
				o.positions = map[string]string{}
			}
			o.positions[topic] = position
		}
	}
}

// resume is the extension: one position, or a list of them.
func (o *Operation) resume(over Transport) any {
	all := slices.Sorted(maps.Values(o.positions))
	switch {
	case len(all) > 1:
		return all
	case over == ServerSentEvents && o.lastEventID != "":
		return o.lastEventID
	}
	return all[0]
}
