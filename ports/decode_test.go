package ports_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/fanql/fanql/ports"
)

func TestDecodeJSONKeepsAllDigits(t *testing.T) {
	for text, want := range map[string]any{
		`1234567`:                    1234567,
		`1795292668348461057`:        1795292668348461057,
		`-1`:                         -1,
		`0`:                          0,
		`1.0`:                        1.0,
		`0.1`:                        0.1,
		`100e-2`:                     1.0,
		`1e20`:                       1e20,
		`-2.5E-3`:                    -2.5e-3,
		`0.10000000000000000001`:     json.Number(`0.10000000000000000001`),
		`12345678901234567890`:       json.Number(`12345678901234567890`),
		`1e400`:                      json.Number(`1e400`),
		`1e-400`:                     json.Number(`1e-400`),
		`{"a":[1,{"b":2.5}],"c":[]}`: map[string]any{"a": []any{1, map[string]any{"b": 2.5}}, "c": []any{}},
		`null`:                       nil,
		`"1"`:                        "1",
	} {
		got, err := ports.DecodeJSON([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, %v; want %#v", text, got, err, want)
		}
	}
	for _, text := range []string{``, `{`, `1 2`, `01`, `{"a":1}]`} {
		if got, err := ports.DecodeJSON([]byte(text)); err == nil {
			t.Errorf("%q is %#v", text, got)
		}
	}
}

// What is no number is as encoding/json decodes it.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,{"b":-2.5e3}],"c":[],"a":{},"d\u00e9":"\ud83d\ude00\"\\","":null}`, " [ true , false,null\t]\n", "\"\xff\"", `"\ud83d"`, `[[[]]]`, `{"a" : {} , "b":1 }`,
		`[1,]`, `1e400`, `-0`, `4e-324`, `123456789012345.6`, `{`, ``, `01`, `"a` + "\n" + `"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, encoded []byte) {
		decoder := json.NewDecoder(bytes.NewReader(encoded))
		decoder.UseNumber()
		var want any
		err := decoder.Decode(&want)
		if err == nil {
			if _, err = decoder.Token(); errors.Is(err, io.EOF) {
				err = nil
			} else {
				err = errors.New("more follows")
			}
		}
		got, gotErr := ports.DecodeJSON(encoded)
		if (err != nil) != (gotErr != nil) {
			t.Fatalf("%q: %v, encoding/json %v", encoded, gotErr, err)
		}
		if err == nil && !isSame(got, want) {
			t.Fatalf("%q is %#v, encoding/json %#v", encoded, got, want)
		}
	})
}

// isSame compares what was decoded with what has only json.Numbers.
func isSame(got, want any) bool {
	switch want := want.(type) {
	case json.Number:
		switch got := got.(type) {
		case int:
			return strconv.Itoa(got) == string(want) || string(want) == "-0"
		case float64:
			exact, ok := new(big.Rat).SetString(string(want))
			short, okShort := new(big.Rat).SetString(strconv.FormatFloat(got, 'g', -1, 64))
			return ok && okShort && exact.Cmp(short) == 0
		default:
			return got == want
		}
	case []any:
		list, ok := got.([]any)
		return ok && list != nil && slices.EqualFunc(list, want, isSame)
	case map[string]any:
		object, ok := got.(map[string]any)
		return ok && maps.EqualFunc(object, want, isSame)
	default:
		return got == want
	}
}

func BenchmarkDecodeJSON(b *testing.B) {
	encoded := []byte(`{"room":"general","first":20,"point":{"x":1,"label":"here"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ports.DecodeJSON(encoded); err != nil {
			b.Fatal(err)
		}
	}
}
