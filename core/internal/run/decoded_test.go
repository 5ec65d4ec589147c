package run

import (
	"reflect"
	"testing"
	"time"
)

func TestOnlyWhatCopiesDoNotShareIsKept(t *testing.T) {
	type flat struct {
		A string
		B [2]struct{ C int8 }
		D time.Time
	}
	for value, want := range map[any]bool{
		flat{}: true, 1.5: true, time.Second: true, [1]flat{}: true,
		struct{ A *int }{}: false, struct{ A any }{}: false, [1]any{}: false,
	} {
		if got := isFlat(reflect.TypeOf(value)); got != want {
			t.Errorf("%T: %v, want %v", value, got, want)
		}
	}
	for _, kind := range []reflect.Type{reflect.TypeFor[[]int](), reflect.TypeFor[map[string]int](), reflect.TypeFor[*flat]()} {
		if isFlat(kind) {
			t.Errorf("%v is flat", kind)
		}
	}
	d := &Decoded{}
	Keep(d, []int{1})
	if _, ok := Load[[]int](d); ok {
		t.Error("a slice is kept")
	}
	Keep(d, flat{A: "x"})
	if got, ok := Load[flat](d); !ok || got.A != "x" {
		t.Errorf("got %v, %v", got, ok)
	}
	if _, ok := Load[string](d); ok {
		t.Error("another type's value is kept")
	}
}
