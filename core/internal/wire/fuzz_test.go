package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/fanql/fanql/core/internal/wire"
)

// FuzzDecode: no input panics; a message is accepted exactly when a reading of
// the protocol that shares no code with the decoder finds it valid; what is
// accepted says the same when it is written and read again.
func FuzzDecode(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, protocol := range []string{modern, legacy} {
			message, err := decode(protocol, string(data))
			// What encoding/json makes of half a surrogate pair hides it from the other reading.
			mayHide := bytes.Contains(bytes.ToLower(data), []byte(`\ud`))
			if accepted, valid := err == nil, validMessage(protocol, data); accepted != valid && (accepted || !mayHide) {
				t.Fatalf("%s: accepted is %t (%v), but valid is %t", protocol, accepted, err, valid)
			}
			if err == nil {
				checkRoundTrip(t, protocol, message)
				continue
			}
			var invalid *wire.Invalid
			if !errors.As(err, &invalid) || invalid.Reason == "" || len(invalid.Reason) > 123 || invalid.Error() != invalid.Reason {
				t.Errorf("%s: got %#v, want an *Invalid with a reason that a close frame has room for", protocol, err)
			}
		}
	})
}

func checkRoundTrip(t *testing.T, protocol string, message wire.Message) {
	t.Helper()
	again, err := decode(protocol, write(t, protocol, message))
	if err != nil {
		t.Fatalf("%s: %+v was not accepted again: %v", protocol, message, err)
	}
	compact(t, &message)
	compact(t, &again)
	if !reflect.DeepEqual(message, again) {
		t.Errorf("%s: %+v became %+v", protocol, message, again)
	}
}

// write is a message as a client would send it.
func write(t *testing.T, protocol string, message wire.Message) string {
	t.Helper()
	names := map[wire.Type]string{wire.Init: "connection_init", wire.Ping: "ping", wire.Pong: "pong",
		wire.Subscribe: "subscribe", wire.Complete: "complete", wire.Terminate: "connection_terminate"}
	if protocol == legacy {
		names[wire.Subscribe], names[wire.Complete] = "start", "stop"
	}
	fields := map[string]any{"type": names[message.Type]}
	switch message.Type {
	case wire.Subscribe:
		fields["id"], fields["payload"] = message.ID, map[string]any{
			"query": message.Request.Query, "documentId": message.Request.DocumentID, "operationName": message.Request.OperationName,
			"variables": message.Request.Variables, "extensions": message.Request.Extensions,
		}
	case wire.Complete:
		fields["id"] = message.ID
	case wire.Init, wire.Ping, wire.Pong:
		fields["payload"] = message.Payload
	}
	data, err := json.Marshal(fields)
	if err != nil {
		t.Fatalf("%+v has no JSON: %v", message, err)
	}
	return string(data)
}

// compact takes the space out of what a message keeps raw.
func compact(t *testing.T, message *wire.Message) {
	t.Helper()
	for _, raw := range []*json.RawMessage{&message.Payload, &message.Request.Variables, &message.Request.Extensions} {
		if *raw == nil {
			continue
		}
		var err error
		if *raw, err = json.Marshal(*raw); err != nil {
			t.Fatalf("not JSON: %q", *raw)
		}
	}
}

// validMessage is PROTOCOL.md of either subprotocol, read on decoded values.
func validMessage(protocol string, data []byte) bool {
	var fields map[string]any
	if !utf8.Valid(data) || json.Unmarshal(data, &fields) != nil || fields == nil {
		return false
	}
	kind, _ := fields["type"].(string)
	modern := protocol == "graphql-transport-ws"
	switch {
	case kind == "connection_init", modern && (kind == "ping" || kind == "pong"):
		return objectOrNull(fields["payload"])
	case modern && kind == "subscribe", !modern && kind == "start":
		return isID(fields["id"]) && validRequest(fields["payload"])
	case modern && kind == "complete", !modern && kind == "stop":
		return isID(fields["id"])
	default:
		return !modern && kind == "connection_terminate"
	}
}

func validRequest(payload any) bool {
	fields, ok := payload.(map[string]any)
	if !ok || !stringOrNull(fields["documentId"]) || !stringOrNull(fields["operationName"]) {
		return false
	}
	// Without a query the document must be able to have another name.
	id, _ := fields["documentId"].(string)
	named := fields["query"] == nil && (id != "" || fields["extensions"] != nil)
	return (named || isString(fields["query"])) &&
		objectOrNull(fields["variables"]) && objectOrNull(fields["extensions"])
}

func objectOrNull(value any) bool {
	_, ok := value.(map[string]any)
	return ok || value == nil
}

func stringOrNull(value any) bool { return value == nil || isString(value) }

func isString(value any) bool {
	_, ok := value.(string)
	return ok
}

func isID(value any) bool {
	id, ok := value.(string)
	return ok && len(id) <= wire.MaxIDBytes
}
