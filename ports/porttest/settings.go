package porttest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/fanql/fanql/ports"
)

// TestSettings tries what holds for every constructor's configuration: a negative
// number is refused, by an ErrInvalid that names the field as
// "memory.Config.PageSize must not be negative". Valid is a configuration that
// construct accepts.
func TestSettings[C any](t *testing.T, valid C, construct func(C) error) {
	t.Helper()
	if err := construct(valid); err != nil {
		t.Fatalf("the valid configuration: %v", err)
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[C]()) {
		if !field.IsExported() {
			continue
		}
		config := valid
		if !makeNegative(reflect.ValueOf(&config).Elem().FieldByIndex(field.Index)) {
			continue
		}
		t.Run(field.Name, func(t *testing.T) {
			err := construct(config)
			want := reflect.TypeFor[C]().String() + "." + field.Name + " must not be negative"
			problem, ok := errors.AsType[*ports.Error](err)
			if !ok || !errors.Is(err, ports.ErrInvalid) || problem.Err == nil || problem.Err.Error() != want {
				t.Errorf("got %v, want an ErrInvalid that says %q", err, want)
			}
		})
	}
}

// makeNegative says whether the value is a number that can be negative.
func makeNegative(value reflect.Value) bool {
	switch {
	case value.CanInt():
		value.SetInt(-1)
	case value.CanFloat():
		value.SetFloat(-1)
	default:
		return false
	}
	return true
}
