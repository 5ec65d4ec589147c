package response

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/fanql/fanql/ports"
)

// AppendString appends a result of type String (GraphQL, section 3.5.3).
func AppendString(b []byte, value any) ([]byte, error) {
	if text, ok := value.(string); ok {
		return AppendText(b, text), nil
	}
	return AppendStringValue(b, reflect.ValueOf(value))
}

// AppendStringValue is AppendString for a value that was reached by reflection.
func AppendStringValue(b []byte, v reflect.Value) ([]byte, error) {
	v, method := textual(v)
	switch kind := v.Kind(); {
	case kind == reflect.Invalid:
		return append(b, "null"...), nil
	case method.isTextMarshaler():
		return method.append(b)
	case kind == reflect.Bool:
		return quoted(b, func(b []byte) []byte { return strconv.AppendBool(b, v.Bool()) }), nil
	case v.CanFloat():
		number := v.Float()
		if math.IsNaN(number) || math.IsInf(number, 0) {
			return b, ports.Public("the String is a number that is not finite: %v", number)
		}
		return quoted(b, func(b []byte) []byte { return appendFloat(b, number, v.Type().Bits()) }), nil
	default:
		return appendTextual(b, "String", v, method)
	}
}

// AppendID appends a result of type ID (GraphQL, section 3.5.5).
func AppendID(b []byte, value any) ([]byte, error) {
	if text, ok := value.(string); ok {
		return AppendText(b, text), nil
	}
	return AppendIDValue(b, reflect.ValueOf(value))
}

// AppendIDValue is AppendID for a value that was reached by reflection.
func AppendIDValue(b []byte, v reflect.Value) ([]byte, error) {
	v, method := textual(v)
	switch {
	case v.Kind() == reflect.Invalid:
		return append(b, "null"...), nil
	case method.isTextMarshaler():
		return method.append(b)
	case v.CanFloat():
		number := v.Float()
		if number != math.Trunc(number) || math.IsInf(number, 0) {
			return b, ports.Public("the ID is no whole number: %v", number)
		}
		return quoted(b, func(b []byte) []byte { return strconv.AppendFloat(b, number, 'f', -1, v.Type().Bits()) }), nil
	default:
		return appendTextual(b, "ID", v, method)
	}
}

// appendTextual appends what String and ID have in common.
func appendTextual(b []byte, scalar string, v reflect.Value, method method) ([]byte, error) {
	switch {
	case v.Kind() == reflect.String:
		return AppendText(b, v.String()), nil
	case v.CanInt():
		return quoted(b, func(b []byte) []byte { return strconv.AppendInt(b, v.Int(), 10) }), nil
	case v.CanUint():
		return quoted(b, func(b []byte) []byte { return strconv.AppendUint(b, v.Uint(), 10) }), nil
	case method.of != nil && v.Kind() != reflect.Bool:
		return method.append(b)
	default:
		return b, cannot(scalar, v)
	}
}

// AppendBoolean appends a result of type Boolean (GraphQL, section 3.5.4).
func AppendBoolean(b []byte, value any) ([]byte, error) {
	if truth, ok := value.(bool); ok {
		return strconv.AppendBool(b, truth), nil
	}
	return AppendBooleanValue(b, reflect.ValueOf(value))
}

// AppendBooleanValue is AppendBoolean for a value that was reached by reflection.
func AppendBooleanValue(b []byte, v reflect.Value) ([]byte, error) {
	v = indirect(v)
	switch kind := v.Kind(); {
	case kind == reflect.Invalid:
		return append(b, "null"...), nil
	case kind == reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case v.CanInt():
		return strconv.AppendBool(b, v.Int() != 0), nil
	case v.CanUint():
		return strconv.AppendBool(b, v.Uint() != 0), nil
	case v.CanFloat():
		if number := v.Float(); !math.IsNaN(number) && !math.IsInf(number, 0) {
			return strconv.AppendBool(b, number != 0), nil
		}
	}
	return b, cannot("Boolean", v)
}

func quoted(b []byte, appendText func([]byte) []byte) []byte {
	return append(appendText(append(b, '"')), '"')
}

// cannot is the error for a value of a kind that a scalar does not take.
func cannot(scalar string, v reflect.Value) error {
	return &ports.PublicError{Message: scalar + " cannot represent the value", Err: fmt.Errorf("its type is %s", v.Type())}
}

// indirect is what pointers and interfaces lead to; invalid for a nil one.
func indirect(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// method is how a value says its text: an encoding.TextMarshaler or a fmt.Stringer,
// or nil.
type method struct{ of any }

// textual is indirect, and finds the method of the value or of a pointer to it. The
// first TextMarshaler counts, else the first Stringer.
func textual(v reflect.Value) (_ reflect.Value, found method) {
	for v.IsValid() {
		isPointer := v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface
		if isPointer && v.IsNil() {
			return reflect.Value{}, method{}
		}
		if v.Kind() != reflect.Interface && v.NumMethod() > 0 && v.CanInterface() && !found.isTextMarshaler() {
			switch of := v.Interface().(type) {
			case encoding.TextMarshaler:
				found.of = of
			case fmt.Stringer:
				if found.of == nil {
					found.of = of
				}
			}
		}
		if !isPointer {
			break
		}
		v = v.Elem()
	}
	return v, found
}

func (m method) isTextMarshaler() bool {
	_, ok := m.of.(encoding.TextMarshaler)
	return ok
}

func (m method) append(b []byte) ([]byte, error) {
	text, err := m.text()
	if err != nil {
		return b, err
	}
	return AppendText(b, text), nil
}

func (m method) text() (_ string, err error) {
	defer ports.Recover(&err)
	if marshaler, ok := m.of.(encoding.TextMarshaler); ok {
		text, err := marshaler.MarshalText()
		return string(text), err
	}
	return m.of.(fmt.Stringer).String(), nil
}
