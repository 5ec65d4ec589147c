package response

import (
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/fanql/fanql/ports"
)

// AppendInt appends a result of type Int (GraphQL, section 3.5.1).
func AppendInt(b []byte, value any) ([]byte, error) {
	if number, ok := value.(int); ok {
		return appendInt32(b, int64(number))
	}
	return AppendIntValue(b, reflect.ValueOf(value))
}

// AppendIntValue is AppendInt for a value that was reached by reflection.
func AppendIntValue(b []byte, v reflect.Value) ([]byte, error) {
	v = indirect(v)
	switch kind := v.Kind(); {
	case kind == reflect.Invalid:
		return append(b, "null"...), nil
	case v.CanInt():
		return appendInt32(b, v.Int())
	case v.CanUint():
		return appendInt32(b, int64(min(v.Uint(), math.MaxInt64)))
	case v.CanFloat():
		return appendWhole(b, v.Float())
	case kind == reflect.Bool:
		return appendBit(b, v.Bool()), nil
	case kind == reflect.String:
		if whole, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return appendInt32(b, whole)
		}
		number, err := parse(v.String())
		if err != nil {
			return b, ports.Public("the Int is %v", err)
		}
		return appendWhole(b, number)
	default:
		return b, cannot("Int", v)
	}
}

func appendWhole(b []byte, number float64) ([]byte, error) {
	if number != math.Trunc(number) || math.IsInf(number, 0) {
		return b, ports.Public("the Int is no whole number: %v", number)
	}
	if number < math.MinInt32 || number > math.MaxInt32 {
		return b, ports.Public("the Int has more than 32 bits: %v", number)
	}
	return strconv.AppendInt(b, int64(number), 10), nil
}

func appendInt32(b []byte, number int64) ([]byte, error) {
	if number < math.MinInt32 || number > math.MaxInt32 {
		return b, ports.Public("the Int has more than 32 bits: %d", number)
	}
	return strconv.AppendInt(b, number, 10), nil
}

// AppendFloat appends a result of type Float (GraphQL, section 3.5.2).
func AppendFloat(b []byte, value any) ([]byte, error) {
	if number, ok := value.(float64); ok {
		return appendFinite(b, number, 64)
	}
	return AppendFloatValue(b, reflect.ValueOf(value))
}

// AppendFloatValue is AppendFloat for a value that was reached by reflection.
func AppendFloatValue(b []byte, v reflect.Value) ([]byte, error) {
	v = indirect(v)
	switch kind := v.Kind(); {
	case kind == reflect.Invalid:
		return append(b, "null"...), nil
	case v.CanInt():
		return strconv.AppendInt(b, v.Int(), 10), nil
	case v.CanUint():
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case v.CanFloat():
		return appendFinite(b, v.Float(), v.Type().Bits())
	case kind == reflect.Bool:
		return appendBit(b, v.Bool()), nil
	case kind == reflect.String:
		number, err := parse(v.String())
		if err != nil {
			return b, ports.Public("the Float is %v", err)
		}
		return appendFinite(b, number, 64)
	default:
		return b, cannot("Float", v)
	}
}

func appendFinite(b []byte, number float64, bits int) ([]byte, error) {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return b, ports.Public("the number is not finite: %v", number)
	}
	return appendFloat(b, number, bits), nil
}

// appendFloat appends a float that is finite, as encoding/json and JavaScript do.
func appendFloat(b []byte, number float64, bits int) []byte {
	format := byte('f')
	if size := math.Abs(number); size != 0 {
		if bits == 64 && (size < 1e-6 || size >= 1e21) || bits == 32 && (float32(size) < 1e-6 || float32(size) >= 1e21) {
			format = 'e'
		}
	}
	b = strconv.AppendFloat(b, number, format, -1, bits)
	if n := len(b); format == 'e' && n >= 4 && b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' {
		b[n-2] = b[n-1] // e-09 is e-9
		b = b[:n-1]
	}
	return b
}

func appendBit(b []byte, set bool) []byte {
	if set {
		return append(b, '1')
	}
	return append(b, '0')
}

var errNoNumber = errors.New("a string that is no number")

// parse reads a number as JSON has it, where strconv also knows others.
func parse(text string) (float64, error) {
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, errNoNumber
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, errNoNumber
	}
	return number, nil
}
