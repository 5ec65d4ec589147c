package ports_test

import (
	"encoding/json"
	"reflect"
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

// panics has no JSON.
type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("never") }

func TestExtensionsWithoutJSONAreLeftOutAlone(t *testing.T) {
	errs := ports.ResponseErrors{
		{Message: "a<b", Locations: []ports.Location{{Line: 1, Column: 2}}, Path: []any{"x", 0}, Extensions: map[string]any{"c": make(chan int)}},
		{Message: "b", Path: []any{"y"}, Extensions: map[string]any{"p": panics{}}},
		{Message: "c", Extensions: map[string]any{"code": "C"}},
	}
	want := `[{"message":"a<b","locations":[{"line":1,"column":2}],"path":["x",0]},{"message":"b","path":["y"]},{"message":"c","extensions":{"code":"C"}}]`
	if got := string(errs.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
