package response_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/fanql/fanql/internal/graphql/response"
)

// reference is what encoding/json writes.
func reference(t testing.TB, value any) string {
	t.Helper()
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(buffer.String(), "\n")
}

func FuzzAppendText(f *testing.F) {
	for _, seed := range []string{"", "plain", "a\"b\\c/<&>", "\x00\x1f\b\f\n\r\t\x7f", "é😀\u2028\u2029\uFFFD", "\xff\xc3(\xed\xa0\x80", "\xe2\x80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, want := string(response.AppendText(nil, text)), reference(t, text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	})
}

func FuzzAppendFloat(f *testing.F) {
	for _, seed := range []float64{0, math.Copysign(0, -1), 1, -1.5, 1e-6, 9.9e-7, 1e-10, 1e-100, 1e20, 1e21, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, number float64) {
		if math.IsNaN(number) || math.IsInf(number, 0) {
			return
		}
		if got, _ := response.AppendFloat(nil, number); string(got) != reference(t, number) {
			t.Errorf("%v is %s, want %s", number, got, reference(t, number))
		}
		small := float32(number)
		if math.IsInf(float64(small), 0) {
			return
		}
		if got, _ := response.AppendFloat(nil, small); string(got) != reference(t, small) {
			t.Errorf("%v is %s, want %s", small, got, reference(t, small))
		}
	})
}

// value has what events consist of.
func value() any {
	return map[string]any{
		"id": "m1", "text": "hello <b>\u2028", "n": 1, "f": 1.5, "ok": true, "none": nil,
		"list":   []any{1, "a", []any{}, map[string]any{}},
		"number": json.Number("1795292668348461057"),
		"day":    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		"nilMap": map[string]any(nil), "nilList": []any(nil), "int64": int64(7),
		"struct": struct {
			A string `json:"a"`
			B int    `json:"-"`
		}{"<", 1},
	}
}

func TestAppendJSONIsAsEncodingJSON(t *testing.T) {
	got, err := response.AppendJSON([]byte("x"), value())
	if want := "x" + reference(t, value()); err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}

// FuzzAppendJSON: every JSON that there is comes out as from encoding/json.
func FuzzAppendJSON(f *testing.F) {
	for _, text := range []string{`null`, `{"a":[1,2.5,"x",true,null,{"b":""}]}`, `"\u0000\ud800<"`, `[]`, `-0`, `1e400`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var value any
		if json.Unmarshal(text, &value) != nil {
			return
		}
		if got, err := response.AppendJSON(nil, value); err != nil || string(got) != reference(t, value) {
			t.Errorf("%s is %s (%v), want %s", text, got, err, reference(t, value))
		}
	})
}

func TestWhatHasNoJSONIsAnError(t *testing.T) {
	circle := map[string]any{}
	circle["self"] = []any{circle}
	for name, value := range map[string]any{
		"a channel": make(chan int), "a function": func() {}, "a panic": broken{errors.New("x")}, "a panic with a text": broken{"x"},
		"NaN": math.NaN(), "infinity": []any{math.Inf(1)}, "itself": circle, "no number": json.Number("x"),
	} {
		for _, value := range []any{value, map[string]any{"a": 1, "b": value}, struct{ V any }{value}} {
			if got, err := response.AppendJSON([]byte("x"), value); err == nil || string(got) != "x" {
				t.Errorf("%s: %s, %v", name, got, err)
			}
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	buffer := make([]byte, 0, 1024)
	for name, write := range map[string]func() ([]byte, error){
		"text": func() ([]byte, error) {
			return response.AppendText(buffer, "a message of everyday length, no escapes"), nil
		},
		"unicode": func() ([]byte, error) {
			return response.AppendText(buffer, "eine Nachricht wie üblich, \"zitiert\" 😀"), nil
		},
		"float":         func() ([]byte, error) { return response.AppendFloat(buffer, 21.53) },
		"json":          func() ([]byte, error) { return response.AppendJSON(buffer, value()) },
		"text std":      func() ([]byte, error) { return json.Marshal("a message of everyday length, no escapes") },
		"unicode std":   func() ([]byte, error) { return json.Marshal("eine Nachricht wie üblich, \"zitiert\" 😀") },
		"float std":     func() ([]byte, error) { return json.Marshal(21.53) },
		"json std":      func() ([]byte, error) { return json.Marshal(value()) },
		"named int":     func() ([]byte, error) { return response.AppendInt(buffer, namedInt(5)) },
		"named text id": func() ([]byte, error) { return response.AppendID(buffer, namedString("a")) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := write(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
