package core_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fanql/fanql/core"
)

// badInput is a message that no well-behaved client sends.
type badInput struct {
	name string
	// message is what is sent, in the client's own protocol.
	message func(c *client) string
	// answered checks the answer.
	answered func(c *client)
}

// TestBadInput: everything gets its proper answer, and both the engine and the
// client beside it go on as if nothing had happened.
func TestBadInput(t *testing.T) {
	t.Parallel()
	var cases []badInput
	cases = append(cases, notMessages()...)
	cases = append(cases, badDocuments()...)
	cases = append(cases, deepDocuments()...)
	cases = append(cases, throwingResolvers()...)
	cases = append(cases, oddButLegal()...)
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				h := newHarness(t, allowing8MB)
				neighbour, c := h.dial(modern), h.dial(protocol)
				neighbour.subscribe("1", `subscription { number: odd }`)
				for range 2 { // what is remembered of the first must not spoil the second
					c.send(test.message(c))
					test.answered(c)
					if c.socket.Closed() != nil {
						c = h.dial(protocol)
					}
				}
				c.expectWorking()
				h.publish("numbers", 1)
				neighbour.expectNext("1", `{"data":{"number":"1"}}`)
				neighbour.expectWorking()
			})
		})
	}
}

func TestBadInputBeforeConnectionInit(t *testing.T) {
	t.Parallel()
	for _, test := range notMessages() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, protocol string) {
				h := newHarness(t, allowing8MB)
				c := h.open(protocol)
				c.send(test.message(c))
				test.answered(c)
				h.dial(protocol).expectWorking()
			})
		})
	}
}

// TestSubscribeOnASocketThatNeverSaysHello: many of them at once, on a legacy
// connection each of which waits for its connection_init.
func TestSubscribeOnASocketThatNeverSaysHello(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, protocol string) {
		h := newHarness(t, allowing8MB)
		c := h.open(protocol)
		waits := make([]func(), 100)
		for i := range waits {
			waits[i] = c.sendAside(c.subscribing(fmt.Sprint(i), `subscription { a }`))
		}
		for _, wait := range waits {
			wait()
		}
		if protocol == modern {
			c.expectClosed(4401, "Unauthorized")
		} else {
			for range waits {
				c.expectConnectionError("connection_init must come first")
			}
			c.expectNothing()
		}
		if listed := h.listed("a"); len(listed) > 0 {
			t.Errorf("listed %q", listed)
		}
		h.dial(protocol).expectWorking()
	})
}

// raw is a message that is the same in both protocols.
func raw(data string) func(*client) string { return func(*client) string { return data } }

// asks is a message that asks for the operation "1".
func asks(document string) func(*client) string {
	return func(c *client) string { return c.subscribing("1", document) }
}

// invalid checks for the answer to what is no message: a close with 4400, or a
// connection_error.
func invalid(reason string) func(*client) {
	return func(c *client) {
		c.t.Helper()
		if c.protocol == legacy {
			c.expectConnectionError(reason)
			c.expectNothing()
		} else {
			c.expectClosed(4400, reason)
		}
	}
}

// invalidOperation is invalid where the message names its operation.
func invalidOperation(reason string) func(*client) {
	return func(c *client) {
		c.t.Helper()
		if c.protocol == legacy {
			c.expectError("1", reason)
			c.expectNothing()
		} else {
			c.expectClosed(4400, reason)
		}
	}
}

// rejected checks for an error with a text in the first of its list.
func rejected(text string) func(*client) {
	return func(c *client) {
		c.t.Helper()
		c.expectError("1", text)
		c.expectNothing()
	}
}

func notMessages() []badInput {
	const notAnObject = "message is not a JSON object"
	cases := []badInput{
		{"nothing", raw(""), invalid(notAnObject)},
		{"not JSON", raw("GET / HTTP/1.1\r\n\r\n"), invalid(notAnObject)},
		{"binary", raw("\x00\x01\x02\xff"), invalid("message is not valid UTF-8")},
		{"a megabyte of [", raw(strings.Repeat("[", 1<<20)), invalid(notAnObject)},
		{"a megabyte of {", raw(strings.Repeat(`{"payload":`, 1<<20/11)), invalid(notAnObject)},
		{"null", raw("null"), invalid(notAnObject)},
		{"an array of messages", raw(`[{"type":"ping"}]`), invalid(notAnObject)},
		{"two messages in one", raw(`{"type":"ping"}{"type":"ping"}`), invalid(notAnObject)},
		{"no type", raw(`{"payload":null}`), invalid("message expects type to be a string")},
		{"a null type", raw(`{"type":null}`), invalid("message expects type to be a string")},
		{"an unknown type", raw(`{"type":"__proto__"}`), invalid(`invalid message type "__proto__"`)},
		{"a server's message", raw(`{"type":"connection_ack"}`), invalid(`invalid message type "connection_ack"`)},
		{"a connection_init with a list", raw(`{"type":"connection_init","payload":[]}`), invalid("message expects payload to be an object or null")},
		{"no id", func(c *client) string {
			return fmt.Sprintf(`{"type":%q,"payload":{"query":"{ hello }"}}`, c.pick("subscribe", "start"))
		}, invalid("message expects id to be a string")},
		{"a number as id", func(c *client) string {
			return fmt.Sprintf(`{"id":1,"type":%q,"payload":{"query":"{ hello }"}}`, c.pick("subscribe", "start"))
		}, invalid("message expects id to be a string")},
		{"variables nested too deep to read", func(c *client) string {
			return fmt.Sprintf(`{"id":"1","type":%q,"payload":{"query":"{ hello }","variables":{"v":%s%s}}}`,
				c.pick("subscribe", "start"), strings.Repeat("[", 10_000), strings.Repeat("]", 10_000))
		}, invalid(notAnObject)},
	}
	for payload, reason := range map[string]string{
		`null`:                                   "message expects payload to be an object",
		`"{ hello }"`:                            "message expects payload to be an object",
		`{}`:                                     "message expects payload.query to be a string",
		`{"query":null}`:                         "message expects payload.query to be a string",
		`{"query":{"a":1}}`:                      "message expects payload.query to be a string",
		`{"query":"{ hello }","variables":[]}`:   "message expects payload.variables to be an object or null",
		`{"query":"{ hello }","variables":"{}"}`: "message expects payload.variables to be an object or null",
		`{"query":"{ hello }","operationName":{}}`: "message expects payload.operationName to be a string",
		`{"query":"{ hello }","extensions":false}`: "message expects payload.extensions to be an object or null",
	} {
		cases = append(cases, badInput{"a payload of " + payload, func(c *client) string {
			return fmt.Sprintf(`{"id":"1","type":%q,"payload":%s}`, c.pick("subscribe", "start"), payload)
		}, invalidOperation(reason)})
	}
	return cases
}

func badDocuments() []badInput {
	var longCycle strings.Builder
	longCycle.WriteString(`subscription { ...f0 }`)
	for i := range 100 {
		fmt.Fprintf(&longCycle, " fragment f%d on Subscription { a ...f%d }", i, (i+1)%100)
	}
	return []badInput{
		{"a syntax error", asks(`{ hello`), rejected("Syntax Error")},
		{"no GraphQL", asks(`SELECT * FROM users`), rejected("Syntax Error")},
		{"a NUL", asks("{ hello }\x00{"), rejected("Syntax Error")},
		{"a string without an end", asks(`{ greet(name: "`), rejected("Syntax Error")},
		{"a block string without an end", asks(`{ greet(name: """{{{`), rejected("Syntax Error")},
		{"an escape without an end", asks(`{ greet(name: "\u12`), rejected("Syntax Error")},
		{"an unknown field", asks(`{ nothing }`), rejected(`Cannot query field "nothing"`)},
		{"an unknown subscription", asks(`subscription { nothing }`), rejected(`Cannot query field "nothing"`)},
		{"an unknown type", asks(`{ ... on Nothing { hello } }`), rejected(`Unknown type "Nothing"`)},
		{"an unknown fragment", asks(`{ ...nothing }`), rejected(`Unknown fragment "nothing"`)},
		{"an unknown directive", asks(`{ hello @nothing }`), rejected(`Unknown directive "@nothing"`)},
		{"a missing variable", asks(`query ($n: String!) { greet(name: $n) }`), rejected(`"$n"`)},
		{"an undefined variable", asks(`{ greet(name: $n) }`), rejected(`"$n"`)},
		{"a schema in place of a request", asks(`type Query { hello: String }`), rejected(`Unexpected Name "type"`)},
		{"a subscription that registers nothing", asks(`subscription { none }`), rejected("registered no topic")},
		{"a fragment that spreads itself", asks(`{ ...f } fragment f on Query { hello ...f }`), rejected("Cannot spread fragment")},
		{"two fragments that spread each other", asks(`{ ...f } fragment f on Query { ...g } fragment g on Query { ...f }`), rejected("Cannot spread fragment")},
		{"a cycle among inline fragments", asks(`{ ...f } fragment f on Query { ... { ... { ...f } } }`), rejected("Cannot spread fragment")},
		{"a cycle that nobody uses", asks(`{ hello } fragment f on Query { ...f }`), rejected("Cannot spread fragment")},
		{"a cycle with conflicting fields", asks(`{ ...f x: hello ...g } fragment f on Query { x: user ...g } fragment g on Query { ...f }`), rejected("Cannot spread fragment")},
		{"a long cycle", asks(longCycle.String()), rejected("Cannot spread fragment")},
	}
}

func deepDocuments() []badInput {
	const n = 100_000
	tooDeep := rejected("nests brackets more than 200 deep")
	return []badInput{
		{"100,000 nested braces", asks(strings.Repeat("{a", n) + strings.Repeat("}", n)), tooDeep},
		{"100,000 open braces", asks(strings.Repeat("{", n)), tooDeep},
		{"100,000 nested lists", asks(`{ greet(name: ` + strings.Repeat("[", n) + strings.Repeat("]", n) + `) }`), tooDeep},
		{"100,000 nested objects", asks(`{ greet(name: ` + strings.Repeat("{a:", n) + "1" + strings.Repeat("}", n) + `) }`), tooDeep},
		{"100,000 nested list types", asks(`query ($n: ` + strings.Repeat("[", n) + `Int` + strings.Repeat("]", n) + `) { hello }`), tooDeep},
		{"100,000 nested inline fragments", asks(`{` + strings.Repeat("...{", n) + "hello" + strings.Repeat("}", n) + `}`), tooDeep},
		{"100,000 closing braces before the open", asks(strings.Repeat("}", n) + strings.Repeat("{a", n)), rejected("more than 2000 tokens")},
		{"100,000 closing braces at the end", asks(`{ hello ` + strings.Repeat("}", n)), rejected("more than 2000 tokens")},
		{"100,000 dots", asks(strings.Repeat(".", n)), rejected("more than 2000 tokens")},
	}
}

func throwingResolvers() []badInput {
	var cases []badInput
	for _, field := range []string{"panics", "thunk"} {
		for with, message := range map[string]string{
			"error": "thrown", "string": "thrown", "number": "panic: 7",
			"nil map": "assignment to entry in nil map", "nil pointer": "runtime error: invalid memory address or nil pointer dereference",
			"nil error": "an error of type *ports.PublicError, which cannot be read",
		} {
			cases = append(cases, badInput{"a resolver that throws: " + field + " " + with,
				asks(fmt.Sprintf(`{ %s(with: %q) hello }`, field, with)), func(c *client) {
					c.t.Helper()
					c.expectNext("1", fmt.Sprintf(`{"data":{"%s":null,"hello":"world"},"errors":[{"message":"internal error",`+
						`"locations":[{"line":1,"column":3}],"path":["%s"]}]}`, field, field))
					c.expectComplete("1")
					c.expectTold(message)
				}})
		}
	}
	return append(cases, badInput{"a Subscribe resolver that throws", asks(`subscription { throwing }`), rejected("internal error")},
		badInput{"a subscription's resolver that throws", asks(`subscription { panicking }`), func(c *client) {
			c.t.Helper()
			c.publish("a", 1)
			c.expectNext("1", `{"data":{"panicking":null},"errors":[{"message":"internal error","locations":[{"line":1,"column":16}],"path":["panicking"]}]}`)
			c.complete("1")
			c.expectStopped("1")
		}})
}

// oddButLegal are messages that look bad and are not.
func oddButLegal() []badInput {
	longID := strings.Repeat("x", 512)
	greeted := func(name string) func(*client) {
		return func(c *client) {
			c.t.Helper()
			c.expectNext("1", `{"data":{"greet":"hello `+name+`"}}`)
			c.expectComplete("1")
		}
	}
	brackets := strings.Repeat("{[(", 1000)
	return []badInput{
		{"an operation ID of 512 bytes", func(c *client) string { return c.subscribing(longID, `{ hello }`) }, func(c *client) {
			c.t.Helper()
			c.expectNext(longID, `{"data":{"hello":"world"}}`)
			c.expectComplete(longID)
		}},
		{"a query of a megabyte", asks(`{ greet(name: "x") #` + strings.Repeat("x", 1<<20) + "\n}"), greeted("x")},
		{"an argument of 100 KB", asks(`{ greet(name: "` + strings.Repeat("x", 100<<10) + `") }`), greeted(strings.Repeat("x", 100<<10))},
		{"brackets in a string", asks(`{ greet(name: "` + brackets + `") }`), greeted(brackets)},
		{"brackets in a block string", asks(`{ greet(name: """` + brackets + `""") }`), greeted(brackets)},
		{"brackets in a comment", asks("{ greet(name: \"x\") #" + brackets + "\n}"), greeted("x")},
		{"a thousand fields", asks(`{ ` + strings.Repeat("hello ", 1000) + `}`), func(c *client) {
			c.t.Helper()
			c.expectNext("1", `{"data":{"hello":"world"}}`)
			c.expectComplete("1")
		}},
		{"complete for what never was", raw(`{"id":"never","type":"complete"}`), func(c *client) { c.t.Helper(); c.expectNothing() }},
		{"complete for everything", raw(`{"id":"","type":"complete"}`), func(c *client) { c.t.Helper(); c.expectNothing() }},
	}
}

// allowing8MB lets messages through to what has to bear them where
// Config.MaxMessageBytes is set high.
func allowing8MB(c *core.Config) { c.MaxMessageBytes, c.MaxDocumentBytes = 8<<20, 8<<20 }
