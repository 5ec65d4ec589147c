package filter

import (
	"cmp"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// isNumber is for values as ports.DecodeJSON returns them.
func isNumber(value any) bool {
	switch value.(type) {
	case int, float64, json.Number:
		return true
	}
	return false
}

// compareNumbers compares whole numbers exactly, and others as float64 do.
func compareNumbers(a, b any) int {
	if x, ok := a.(int); ok {
		if y, ok := b.(int); ok {
			return cmp.Compare(x, y)
		}
	}
	x, y := whole(a), whole(b)
	if x != nil && y != nil {
		return x.Cmp(y)
	}
	return cmp.Compare(float(a), float(b))
}

// whole is the number if it is whole; nil if not.
func whole(number any) *big.Int {
	switch number := number.(type) {
	case int:
		return big.NewInt(int64(number))
	case float64:
		if exact := big.NewFloat(number); exact.IsInt() {
			whole, _ := exact.Int(nil)
			return whole
		}
	case json.Number:
		if strings.ContainsAny(string(number), ".eE") {
			return nil
		}
		whole, _ := new(big.Int).SetString(string(number), 10)
		return whole
	}
	return nil
}

func float(number any) float64 {
	switch number := number.(type) {
	case int:
		return float64(number)
	case float64:
		return number
	case json.Number:
		nearest, _ := strconv.ParseFloat(string(number), 64) // infinite where it is out of range
		return nearest
	}
	return 0
}
