package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"
)

// reference is what encoding/json makes of a value.
func reference(value any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return string(bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))), err
}

func TestValuesAreEncodedAsByEncodingJSON(t *testing.T) {
	type named string
	for _, value := range []any{
		nil, true, false, 0, -7, math.MaxInt, int64(1) << 62, 1.5, float32(0.1), 1e300, "", "plain", "<b> & \"q\" \\ \n \x00 \x7f ä 😀 \xff \u2028",
		named("x\n"), []any{}, []any(nil), []any{1, "a", nil, []any{map[string]any{}}}, map[string]any(nil), map[string]any{},
		map[string]any{"b": 1, "a": map[string]any{"\"": []any{nil}}, "": "ü"}, time.Unix(0, 0).UTC(), []string{"x"}, map[string]int{"x": 1},
		json.RawMessage(`{"a": 1}`), struct{ A, B any }{1, "x"}, math.NaN(), []any{math.Inf(1)}, func() {},
	} {
		want, wantErr := reference(value)
		got, err := appendValue([]byte("before"), value)
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%#v: got error %v, want %v", value, err, wantErr)
		} else if err == nil && string(got) != "before"+want {
			t.Errorf("%#v: got %s, want before%s", value, got, want)
		}
	}
}

// FuzzAppendValue: every JSON that there is comes out as from encoding/json.
func FuzzAppendValue(f *testing.F) {
	for _, text := range []string{`null`, `{"a":[1,2.5,"x",true,null,{"b":""}]}`, `"\u0000\ud800<"`, `[]`, `-0`, `1e400`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var value any
		if json.Unmarshal(text, &value) != nil {
			return
		}
		want, _ := reference(value)
		got, err := appendValue(nil, value)
		if err != nil || string(got) != want {
			t.Errorf("got %s (%v), want %s", got, err, want)
		}
	})
}

type throwing struct{ with any }

func (v throwing) MarshalJSON() ([]byte, error) { panic(v.with) }

func TestAValueThatCannotBeEncodedIsAnError(t *testing.T) {
	for _, data := range []any{throwing{"no"}, throwing{errors.New("no")}, map[string]any{"a": []any{func() {}}}, math.NaN()} {
		if body, err := encodeResult(data, nil, nil); err == nil {
			t.Errorf("%T became %s", data, body)
		}
	}
}

func BenchmarkEncodeResult(b *testing.B) {
	data := map[string]any{"message": map[string]any{
		"id": "17", "text": "hello world", "author": "somebody", "sentAt": "2026-01-01T00:00:00Z",
	}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encodeResult(data, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}
