package wire_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/fanql/fanql/core/internal/wire"
	"github.com/fanql/fanql/ports"
)

// The subprotocols by name.
const (
	modern = "graphql-transport-ws"
	legacy = "graphql-ws"
)

func decode(protocol, data string) (wire.Message, error) {
	envelope, err := wire.Parse([]byte(data))
	if err != nil {
		return wire.Message{}, err
	}
	return envelope.Decode(wire.Of(protocol))
}

func TestDecode(t *testing.T) {
	const both = ""
	long := strings.Repeat("é", wire.MaxIDBytes/2)
	for _, test := range []struct {
		name, protocol, data string
		want                 wire.Message
	}{
		{"connection_init", both, `{"type":"connection_init"}`, wire.Message{Type: wire.Init}},
		{"connection_init with a payload", both, `{"type":"connection_init","payload":{"token":"t"}}`,
			wire.Message{Type: wire.Init, Payload: json.RawMessage(`{"token":"t"}`)}},
		{"connection_init with a null payload", both, `{"type":"connection_init","payload":null}`, wire.Message{Type: wire.Init}},
		{"connection_init with an id", both, `{"id":5,"type":"connection_init"}`, wire.Message{Type: wire.Init}},

		{"ping", modern, `{"type":"ping"}`, wire.Message{Type: wire.Ping}},
		{"ping with a payload", modern, `{"type":"ping","payload":{"at":1}}`,
			wire.Message{Type: wire.Ping, Payload: json.RawMessage(`{"at":1}`)}},
		{"ping with a null payload", modern, `{"type":"ping","payload":null}`, wire.Message{Type: wire.Ping}},
		{"pong", modern, `{"type":"pong"}`, wire.Message{Type: wire.Pong}},
		{"pong with a payload", modern, `{"type":"pong","payload":{}}`,
			wire.Message{Type: wire.Pong, Payload: json.RawMessage(`{}`)}},

		{"subscribe", modern, `{"id":"1","type":"subscribe","payload":{"query":"{a}"}}`, subscribe("1", "{a}")},
		{"subscribe with an empty id", modern, `{"id":"","type":"subscribe","payload":{"query":"{a}"}}`, subscribe("", "{a}")},
		{"subscribe with the longest id", modern, `{"id":"` + long + `","type":"subscribe","payload":{"query":"{a}"}}`, subscribe(long, "{a}")},
		{"subscribe with the longest id, in escapes", modern,
			`{"id":"` + strings.Repeat(`\u00e9`, wire.MaxIDBytes/2) + `","type":"subscribe","payload":{"query":"{a}"}}`, subscribe(long, "{a}")},
		{"connection_init with an id that is too long", both, `{"id":"` + long + `x","type":"connection_init"}`, wire.Message{Type: wire.Init}},
		{"subscribe with an id of every kind of character", modern,
			`{"id":"\u0000\n\"\\\/é\uD83D\uDE00","type":"subscribe","payload":{"query":"{a}"}}`, subscribe("\x00\n\"\\/é😀", "{a}")},
		{"subscribe with an escaped backslash before a u", modern,
			`{"id":"\\ud800","type":"subscribe","payload":{"query":"{a}"}}`, subscribe(`\ud800`, "{a}")},
		{"subscribe with an empty query", modern, `{"id":"1","type":"subscribe","payload":{"query":""}}`, subscribe("1", "")},
		{"subscribe with null options", modern,
			`{"id":"1","type":"subscribe","payload":{"query":"{a}","operationName":null,"variables":null,"extensions":null}}`,
			subscribe("1", "{a}")},
		{"subscribe with all options", modern,
			`{"id":"1","type":"subscribe","payload":{"query":"{a}","operationName":"A","variables":{"v":[1]},"extensions":{"e":null}}}`,
			wire.Message{Type: wire.Subscribe, ID: "1", Request: ports.Request{Query: "{a}", OperationName: "A",
				Variables: json.RawMessage(`{"v":[1]}`), Extensions: json.RawMessage(`{"e":null}`)}}},
		{"subscribe with an empty operationName", modern,
			`{"id":"1","type":"subscribe","payload":{"query":"{a}","operationName":""}}`, subscribe("1", "{a}")},
		{"start", legacy, `{"id":"1","type":"start","payload":{"query":"{a}"}}`, subscribe("1", "{a}")},
		{"complete", modern, `{"id":"1","type":"complete"}`, wire.Message{Type: wire.Complete, ID: "1"}},
		{"complete with an empty id", modern, `{"id":"","type":"complete"}`, wire.Message{Type: wire.Complete}},
		{"complete with a payload of any kind", modern, `{"id":"1","type":"complete","payload":[]}`, wire.Message{Type: wire.Complete, ID: "1"}},
		{"stop", legacy, `{"id":"1","type":"stop"}`, wire.Message{Type: wire.Complete, ID: "1"}},
		{"stop with a null payload", legacy, `{"id":"1","type":"stop","payload":null}`, wire.Message{Type: wire.Complete, ID: "1"}},
		{"connection_terminate", legacy, `{"type":"connection_terminate"}`, wire.Message{Type: wire.Terminate}},
		{"connection_terminate as its client sends it", legacy, `{"type":"connection_terminate","payload":null}`, wire.Message{Type: wire.Terminate}},

		{"space around everything", both, " \t\r\n{ \"type\" : \"connection_init\" , \"payload\" : { } } \r\n",
			wire.Message{Type: wire.Init, Payload: json.RawMessage(`{ }`)}},
		{"escapes in names and types", both, `{"\u0074ype":"connection\u005finit"}`, wire.Message{Type: wire.Init}},
		{"fields that nobody knows", both, `{"type":"connection_init","Payload":[],"ID":1,"x":{"y":[]}}`, wire.Message{Type: wire.Init}},
		{"the last of several fields of one name, as JSON.parse has it", modern, `{"type":1,"id":"1","type":"ping","id":"2","type":"complete"}`,
			wire.Message{Type: wire.Complete, ID: "2"}},
		{"nested as deep as encoding/json goes", both, `{"type":"connection_init","payload":{"x":` + nested(9_998) + `}}`,
			wire.Message{Type: wire.Init, Payload: json.RawMessage(`{"x":` + nested(9_998) + `}`)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, protocol := range []string{modern, legacy} {
				if test.protocol != both && test.protocol != protocol {
					continue
				}
				got, err := decode(protocol, test.data)
				if err != nil {
					t.Errorf("%s: %v", protocol, err)
				} else if !reflect.DeepEqual(got, test.want) {
					t.Errorf("%s: got %+v, want %+v", protocol, got, test.want)
				}
			}
		})
	}
}

func subscribe(id, query string) wire.Message {
	return wire.Message{Type: wire.Subscribe, ID: id, Request: ports.Request{Query: query}}
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// notAnObject are values where an object is due.
func notAnObject() []string { return []string{`"x"`, `[]`, `false`, `true`, `0`, `""`, `[{}]`} }

// notAString are values where a string is due.
func notAString() []string { return []string{`null`, `1`, `{}`, `[]`, `["1"]`, `true`} }

type invalidCase struct {
	name, protocol, data string
	want                 wire.Invalid
}

func TestDecodeInvalid(t *testing.T) {
	const both = ""
	notAMessage := wire.Invalid{Reason: "message is not a JSON object"}
	noType := wire.Invalid{Reason: "message expects type to be a string"}
	unknown := func(quoted string) wire.Invalid { return wire.Invalid{Reason: "invalid message type " + quoted} }
	cases := []invalidCase{
		{"nothing", both, ``, notAMessage},
		{"space", both, ` `, notAMessage},
		{"no JSON", both, `hello`, notAMessage},
		{"half an object", both, `{"type":"connection_init"`, notAMessage},
		{"a byte order mark", both, "\uFEFF" + `{"type":"connection_init"}`, notAMessage},
		{"an array", both, `[{"type":"connection_init"}]`, notAMessage},
		{"null", both, `null`, notAMessage},
		{"a string", both, `"connection_init"`, notAMessage},
		{"a number", both, `1`, notAMessage},
		{"garbage after it", both, `{"type":"connection_init"}x`, notAMessage},
		{"a second object after it", both, `{"type":"connection_init"}{}`, notAMessage},
		{"a NUL after it", both, `{"type":"connection_init"}` + "\x00", notAMessage},
		{"a trailing comma", both, `{"type":"connection_init",}`, notAMessage},
		{"single quotes", both, `{'type':'connection_init'}`, notAMessage},
		{"a comment", both, `{"type":"connection_init"/**/}`, notAMessage},
		{"a raw line feed in a string", both, "{\"type\":\"connection_init\",\"id\":\"\n\"}", notAMessage},
		{"a megabyte of brackets", both, strings.Repeat("[", 1<<20), notAMessage},
		{"a megabyte of objects", both, strings.Repeat(`{"type":`, 1<<17), notAMessage},
		{"nested too deep", both, `{"type":"connection_init","payload":{"x":` + nested(9_999) + `}}`, notAMessage},
		{"no UTF-8", both, "{\"type\":\"connection_init\xff\"}", wire.Invalid{Reason: "message is not valid UTF-8"}},
		{"no UTF-8 in a field that nobody knows", both, "{\"type\":\"connection_init\",\"x\":\"\xc3\"}", wire.Invalid{Reason: "message is not valid UTF-8"}},
		{"half a surrogate pair as UTF-8", both, "{\"type\":\"connection_init\",\"x\":\"\xed\xa0\x80\"}", wire.Invalid{Reason: "message is not valid UTF-8"}},

		{"no type", both, `{}`, noType},
		{"no type but an id", both, `{"id":"1"}`, wire.Invalid{ID: "1", HasID: true, Reason: noType.Reason}},
		{"type in capitals", both, `{"Type":"connection_init"}`, noType},
		{"an unknown type", both, `{"type":"hello"}`, unknown(`"hello"`)},
		{"an unknown type with an id", both, `{"id":"7","type":"hello"}`, wire.Invalid{ID: "7", HasID: true, Reason: `invalid message type "hello"`}},
		{"an unknown type with an empty id", both, `{"id":"","type":"hello"}`, wire.Invalid{HasID: true, Reason: `invalid message type "hello"`}},
		{"an empty type", both, `{"type":""}`, unknown(`""`)},
		{"a type with space", both, `{"type":"connection_init "}`, unknown(`"connection_init "`)},
		{"a type's capitals", both, `{"type":"Connection_Init"}`, unknown(`"Connection_Init"`)},
		{"what only a server sends: connection_ack", both, `{"type":"connection_ack"}`, unknown(`"connection_ack"`)},
		{"what only a server sends: error", both, `{"id":"1","type":"error","payload":[]}`, wire.Invalid{ID: "1", HasID: true, Reason: `invalid message type "error"`}},
		{"a long type", both, `{"type":"` + strings.Repeat("a", 1<<16) + `"}`, unknown(`"` + strings.Repeat("a", 63) + "...")},
		{"a type of what does not print", both, `{"type":"` + strings.Repeat(`\u2028`, 20) + `"}`, unknown(`"` + strings.Repeat(`\u2028`, 10) + `\u2...`)},
	}
	for protocol, types := range map[string]struct {
		others   []string
		ofOthers string
	}{
		modern: {[]string{"start", "stop", "connection_terminate"}, " of the subprotocol graphql-ws: this connection speaks graphql-transport-ws"},
		legacy: {[]string{"subscribe", "complete", "ping", "pong"}, " of the subprotocol graphql-transport-ws: this connection speaks graphql-ws"},
	} {
		for _, kind := range types.others {
			data := `{"type":"` + kind + `","payload":{"query":"{a}"}}`
			cases = append(cases, invalidCase{"not " + protocol + ": " + kind, protocol, data, unknown(strconv.Quote(kind) + types.ofOthers)})
		}
	}
	for _, value := range notAString() {
		cases = append(cases, invalidCase{"type is " + value, both, `{"type":` + value + `}`, noType})
	}
	cases = append(cases, invalidPayloads()...)
	cases = append(cases, invalidOperations(modern, "subscribe", "complete")...)
	cases = append(cases, invalidOperations(legacy, "start", "stop")...)
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			for _, protocol := range []string{modern, legacy} {
				if test.protocol != both && test.protocol != protocol {
					continue
				}
				_, err := decode(protocol, test.data)
				if invalid, ok := errors.AsType[*wire.Invalid](err); !ok {
					t.Errorf("%s: got %v, want an *Invalid", protocol, err)
				} else if *invalid != test.want {
					t.Errorf("%s: got %+v, want %+v", protocol, *invalid, test.want)
				} else if len(invalid.Reason) > 123 {
					t.Errorf("%s: a close frame has no room for %s", protocol, invalid.Reason)
				}
			}
		})
	}
}

func invalidPayloads() []invalidCase {
	var cases []invalidCase
	for _, value := range notAnObject() {
		want := wire.Invalid{Reason: "message expects payload to be an object or null"}
		cases = append(cases, invalidCase{"connection_init's payload is " + value, "", `{"type":"connection_init","payload":` + value + `}`, want})
		for _, kind := range []string{"ping", "pong"} {
			cases = append(cases, invalidCase{kind + "'s payload is " + value, modern, `{"type":"` + kind + `","payload":` + value + `}`, want})
		}
	}
	return cases
}

// invalidOperations are those of subscribe and complete, by the names that they
// have in the protocol.
func invalidOperations(protocol, subscribe, complete string) []invalidCase {
	noID := wire.Invalid{Reason: "message expects id to be a string"}
	withID := func(reason string) wire.Invalid { return wire.Invalid{ID: "1", HasID: true, Reason: reason} }
	noQuery := withID("message expects payload.query to be a string")
	noPayload := withID("message expects payload to be an object")
	start := `{"type":"` + subscribe + `",`
	cases := []invalidCase{
		{subscribe + " without an id", protocol, start + `"payload":{"query":"{a}"}}`, noID},
		{subscribe + "'s ID in capitals", protocol, start + `"ID":"1","payload":{"query":"{a}"}}`, noID},
		{subscribe + " without a payload", protocol, start + `"id":"1"}`, noPayload},
		{subscribe + "'s payload is null", protocol, start + `"id":"1","payload":null}`, noPayload},
		{subscribe + "'s Payload in capitals", protocol, start + `"id":"1","Payload":{"query":"{a}"}}`, noPayload},
		{subscribe + " without a query", protocol, start + `"id":"1","payload":{}}`, noQuery},
		{subscribe + "'s Query in capitals", protocol, start + `"id":"1","payload":{"Query":"{a}"}}`, noQuery},
		{complete + " without an id", protocol, `{"type":"` + complete + `"}`, noID},
	}
	for _, value := range notAString() {
		cases = append(cases,
			invalidCase{subscribe + "'s id is " + value, protocol, start + `"id":` + value + `,"payload":{"query":"{a}"}}`, noID},
			invalidCase{complete + "'s id is " + value, protocol, `{"type":"` + complete + `","id":` + value + `}`, noID},
			invalidCase{subscribe + "'s query is " + value, protocol, start + `"id":"1","payload":{"query":` + value + `}}`, noQuery})
		if value != "null" {
			cases = append(cases, invalidCase{subscribe + "'s operationName is " + value, protocol,
				start + `"id":"1","payload":{"query":"{a}","operationName":` + value + `}}`,
				withID("message expects payload.operationName to be a string")})
		}
	}
	half := withID("message expects id to be Unicode text, without half a surrogate pair")
	half.ID, half.HasID = "", false
	for _, id := range []string{`"\ud800"`, `"x\udc00"`, `"\ud800\ud801"`, `"\\\ud800"`} {
		cases = append(cases,
			invalidCase{subscribe + "'s id is " + id, protocol, start + `"id":` + id + `,"payload":{"query":"{a}"}}`, half},
			invalidCase{complete + "'s id is " + id, protocol, `{"type":"` + complete + `","id":` + id + `}`, half})
	}
	long := strings.Repeat("x", wire.MaxIDBytes+1)
	tooLong := wire.Invalid{ID: long, HasID: true, Reason: "message expects id to be a string of at most 512 bytes"}
	cases = append(cases,
		invalidCase{subscribe + "'s id is too long", protocol, start + `"id":"` + long + `","payload":{"query":"{a}"}}`, tooLong},
		invalidCase{complete + "'s id is too long", protocol, `{"type":"` + complete + `","id":"` + long + `"}`, tooLong})
	for _, value := range notAnObject() {
		cases = append(cases, invalidCase{subscribe + "'s payload is " + value, protocol, start + `"id":"1","payload":` + value + `}`, noPayload})
		for _, field := range []string{"variables", "extensions"} {
			cases = append(cases, invalidCase{subscribe + "'s " + field + " is " + value, protocol,
				start + `"id":"1","payload":{"query":"{a}","` + field + `":` + value + `}}`,
				withID("message expects payload." + field + " to be an object or null")})
		}
	}
	return cases
}

// TestInvalidReasonFitsACloseFrame: RFC 6455, section 5.5, leaves 123 bytes.
func TestInvalidReasonFitsACloseFrame(t *testing.T) {
	secret := strings.Repeat("secret", 100)
	for _, data := range []string{
		secret, `{"type":"subscribe","id":"` + secret + `"}`,
		`{"type":"subscribe","id":"` + secret + `","payload":{"operationName":1,"query":"` + secret + `"}}`,
	} {
		_, err := decode(modern, data)
		if err == nil || len(err.Error()) > 123 || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.40s: %v", data, err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	data := []byte(`{"id":"e1c3a7d0-6c0a-4f0e-9d6a-3a8a3b0f2a11","type":"subscribe","payload":{"operationName":"Feed",` +
		`"query":"subscription Feed($room: String!) { messageFeed(room: $room) { id text author { name } } }","variables":{"room":"42"}}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		envelope, err := wire.Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := envelope.Decode(wire.Modern{}); err != nil {
			b.Fatal(err)
		}
	}
}
