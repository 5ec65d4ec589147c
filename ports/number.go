package ports

import (
	"encoding/json"
	"strconv"
	"strings"
)

// number is a JSON number as DecodeJSON returns it.
func number(n string) any {
	if whole, err := strconv.Atoi(n); err == nil {
		return whole
	}
	float, err := strconv.ParseFloat(n, 64)
	if err == nil && isExact(n, float) {
		return float
	}
	return json.Number(n)
}

// isExact reports whether a float has all the digits of the number that it was
// parsed from: formatted again it has the same. Any float has 15 digits.
func isExact(n string, float float64) bool {
	if len(n) <= 16 && !strings.ContainsAny(n, "eE") {
		return true
	}
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
