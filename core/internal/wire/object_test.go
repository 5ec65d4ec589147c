package wire

import (
	"encoding/json"
	"maps"
	"testing"
	"unicode/utf8"
)

// What object reads is what encoding/json reads.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { } `, `{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":{"a":[1,"]}\"",null]}}}`,
		`{"a" : 1 , "b":-1.5e3,"c":true, "d" :null}`, `{"a":1,"a":{"b":"}"}}`, `{"\u0061\"":"\\","b":[[],{}]}`, `{"a":"\ud800"}`,
		`{"a":1}x`, `{"a":1`, `{"a"}`, `{,}`, `[{}]`, `null`, ``, "{\"\x00\":1}", "\n{\t\"a\"\r:\n[\"\"]}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !utf8.Valid(data) {
			return // as Parse has checked
		}
		fields, ok := object(data)
		var wanted map[string]json.RawMessage
		wantedOK := json.Unmarshal(data, &wanted) == nil && wanted != nil
		if ok != wantedOK {
			t.Fatalf("it is an object: %v, encoding/json: %v", ok, wantedOK)
		}
		equal := func(a, b json.RawMessage) bool { return string(a) == string(b) }
		if ok && !maps.EqualFunc(fields, wanted, equal) {
			t.Errorf("%q, encoding/json reads %q", fields, wanted)
		}
	})
}
