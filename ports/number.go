package ports

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// DecodeJSON decodes one JSON value as encoding/json does into an any, but for the
// numbers, which keep all their digits: a whole number that fits is an int, another
// one a float64 if that is exact to its last digit, and what is left a json.Number.
func DecodeJSON(encoded []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return withNumbers(value), nil
}

// withNumbers puts numbers in the place of every json.Number that has one.
func withNumbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		return number(value)
	case []any:
		for i := range value {
			value[i] = withNumbers(value[i])
		}
	case map[string]any:
		for key, member := range value {
			switch member.(type) {
			case json.Number, []any, map[string]any:
				value[key] = withNumbers(member)
			}
		}
	}
	return value
}

func number(n json.Number) any {
	if whole, err := strconv.Atoi(string(n)); err == nil {
		return whole
	}
	float, err := strconv.ParseFloat(string(n), 64)
	if err == nil && isExact(string(n), float) {
		return float
	}
	return n
}

// isExact reports whether a float has all the digits of the number that it was
// parsed from: formatted again it has the same.
func isExact(n string, float float64) bool {
	var few [24]byte
	return digits(n) == digits(string(strconv.AppendFloat(few[:0], float, 'e', -1, 64)))
}

// digits are the significant digits of a JSON number.
func digits(n string) string {
	if e := strings.IndexAny(n, "eE"); e >= 0 {
		n = n[:e]
	}
	n = strings.TrimPrefix(n, "-")
	if whole, fraction, ok := strings.Cut(n, "."); ok {
		n = whole + fraction
	}
	return strings.Trim(n, "0")
}
