package protoclient_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/fanql/fanql/internal/protoclient"
)

// TestMessagesOfAClient holds messages to the letter of the two protocols.
func TestMessagesOfAClient(t *testing.T) {
	t.Parallel()
	request := protoclient.Request{Query: "{ a }", Variables: map[string]any{"b": 1}}
	resuming := protoclient.Request{Query: "{ a }", Extensions: map[string]any{"resume": []string{}}}
	for want, write := range map[string]func() ([]byte, error){
		`{"type":"connection_init"}`:                                                           func() ([]byte, error) { return protoclient.Init(nil) },
		`{"type":"connection_init","payload":{"c":2}}`:                                         func() ([]byte, error) { return protoclient.Init(map[string]any{"c": 2}) },
		`{"id":"1","type":"subscribe","payload":{"query":"{ a }","variables":{"b":1}}}`:        func() ([]byte, error) { return protoclient.Modern.Start("1", request) },
		`{"id":"1","type":"start","payload":{"query":"{ a }","variables":{"b":1}}}`:            func() ([]byte, error) { return protoclient.Legacy.Start("1", request) },
		`{"id":"1","type":"subscribe","payload":{"query":"{ a }","extensions":{"resume":[]}}}`: func() ([]byte, error) { return protoclient.Modern.Start("1", resuming) },
		`{"id":"","type":"complete"}`:                                                          func() ([]byte, error) { return protoclient.Modern.Stop("") },
		`{"id":"1","type":"complete"}`:                                                         func() ([]byte, error) { return protoclient.Modern.Stop("1") },
		`{"id":"1","type":"stop"}`:                                                             func() ([]byte, error) { return protoclient.Legacy.Stop("1") },
	} {
		if got, err := write(); err != nil || string(got) != want {
			t.Errorf("got %s and error %v, want %s", got, err, want)
		}
	}
	if _, err := protoclient.Init(func() {}); err == nil {
		t.Error("a payload that is no JSON: got no error")
	}
}

func TestMessagesOfTheServer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ result, of bool }{
		`{"type":"connection_ack"}`:                      {},
		`{"id":"1","type":"next","payload":{"data":{}}}`: {result: true, of: true},
		`{"id":"2","type":"data","payload":{"data":{}}}`: {result: true},
		`{"id":"1","type":"complete"}`:                   {of: true},
	} {
		m, err := protoclient.Parse([]byte(text))
		if err != nil || m.Raw != text || m.IsResult() != want.result || m.Of("1") != want.of {
			t.Errorf("%s: got %+v and error %v", text, m, err)
		}
	}
	if _, err := protoclient.Parse([]byte(`{"id":1}`)); err == nil {
		t.Error("an ID that is a number: got no error")
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"id":"1","type":"error","payload":[{"message":"no"}]}`,
		`{"id":"1","type":"error","payload":{"message":"no","errors":[{"message":"no"}]}}`,
	} {
		m, err := protoclient.Parse([]byte(text))
		var list []struct{ Message string }
		if err := errors.Join(err, m.Errors(&list)); err != nil || len(list) != 1 || list[0].Message != "no" {
			t.Errorf("%s: got %v and error %v", text, list, err)
		}
	}
	for _, payload := range []string{`[`, `"no"`, `{}`} {
		m := protoclient.Message{Payload: json.RawMessage(payload)}
		if err := m.Errors(&[]any{}); err == nil {
			t.Errorf("payload %s: got no error", payload)
		}
	}
}
