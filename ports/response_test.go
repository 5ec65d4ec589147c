package ports_test

import (
	"testing"

	"github.com/fanql/fanql/ports"
)

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
