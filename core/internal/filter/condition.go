// Package filter decides which events a subscription is sent: by conditions on their
// payloads, kept with the subscription.
package filter

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/fanql/fanql/ports"
)

// Operator compares a field of an event's payload with a value.
type Operator string

// The operators; package core says what they mean.
const (
	Eq          Operator = "eq"
	Ne          Operator = "ne"
	Lt          Operator = "lt"
	Le          Operator = "le"
	Gt          Operator = "gt"
	Ge          Operator = "ge"
	In          Operator = "in"
	NotIn       Operator = "notIn"
	Contains    Operator = "contains"
	NotContains Operator = "notContains"
	BeginsWith  Operator = "beginsWith"
	Between     Operator = "between"
)

// Condition is one Where.
type Condition struct {
	Field    string
	Operator Operator
	// Value is as ports.DecodeJSON returns it.
	Value any
}

// storedCondition is the JSON of a condition.
type storedCondition struct {
	Field    string          `json:"field"`
	Operator Operator        `json:"op"`
	Value    json.RawMessage `json:"value"`
}

// MarshalJSON is the form that stores keep.
func (c Condition) MarshalJSON() ([]byte, error) {
	value, err := json.Marshal(c.Value)
	if err != nil {
		return nil, err
	}
	return json.Marshal(storedCondition{c.Field, c.Operator, value})
}

// UnmarshalJSON reads what MarshalJSON wrote; numbers keep their digits.
func (c *Condition) UnmarshalJSON(encoded []byte) error {
	var stored storedCondition
	if err := json.Unmarshal(encoded, &stored); err != nil {
		return err
	}
	value, err := ports.DecodeJSON(stored.Value)
	*c = Condition{stored.Field, stored.Operator, value}
	return err
}

// New makes a condition. The error says what is wrong with its parts.
func New(field string, operator Operator, value any) (Condition, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return Condition{}, err
	}
	wanted := Condition{Field: field, Operator: operator}
	if wanted.Value, err = ports.DecodeJSON(encoded); err != nil {
		return Condition{}, err
	}
	if slices.Contains(strings.Split(field, "."), "") {
		return Condition{}, errors.New("the field is a path of names with dots between them")
	}
	list, isList := wanted.Value.([]any)
	_, isString := wanted.Value.(string)
	isNumber := isNumber(wanted.Value)
	switch operator {
	case Eq, Ne, Contains, NotContains:
		return wanted, nil
	case Lt, Le, Gt, Ge:
		return wanted, unless(isNumber || isString, "the value must be a number or a string")
	case In, NotIn:
		return wanted, unless(isList, "the value must be a list")
	case BeginsWith:
		return wanted, unless(isString, "the value must be a string")
	case Between:
		if isList && len(list) == 2 {
			_, known := compare(list[0], list[1])
			isList = known
		}
		return wanted, unless(isList && len(list) == 2, "the value must be a list of two numbers or two strings")
	}
	return Condition{}, errors.New("there is no such operator")
}

func unless(fine bool, problem string) error {
	if fine {
		return nil
	}
	return errors.New(problem)
}

// Holds reports whether the payload, decoded, fits.
func (c *Condition) Holds(payload any) bool {
	field := lookUp(payload, c.Field)
	switch c.Operator {
	case Eq:
		return same(field, c.Value)
	case Ne:
		return !same(field, c.Value)
	case Lt, Le, Gt, Ge:
		order, known := compare(field, c.Value)
		return known && ordered(c.Operator, order)
	case In:
		return within(c.Value, field)
	case NotIn:
		return !within(c.Value, field)
	case Contains:
		return contains(field, c.Value)
	case NotContains:
		return !contains(field, c.Value)
	case BeginsWith:
		text, isText := field.(string)
		prefix, _ := c.Value.(string)
		return isText && strings.HasPrefix(text, prefix)
	case Between:
		bounds, _ := c.Value.([]any)
		if len(bounds) != 2 {
			return false
		}
		low, lowKnown := compare(field, bounds[0])
		high, highKnown := compare(field, bounds[1])
		return lowKnown && highKnown && low >= 0 && high <= 0
	}
	return false
}

func ordered(operator Operator, order int) bool {
	switch operator {
	case Lt:
		return order < 0
	case Le:
		return order <= 0
	case Gt:
		return order > 0
	default:
		return order >= 0
	}
}

// lookUp follows a dotted path; nil where it leads nowhere.
func lookUp(value any, path string) any {
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path, ".")
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[name]
	}
	return value
}

// same compares two values as ports.DecodeJSON returns them.
func same(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, value := range a {
			other, found := b[name]
			if !found || !same(value, other) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case []any, map[string]any: // which == must not see
		return false
	}
	if isNumber(a) && isNumber(b) {
		return compareNumbers(a, b) == 0
	}
	return a == b
}

func compare(a, b any) (order int, known bool) {
	if isNumber(a) && isNumber(b) {
		return compareNumbers(a, b), true
	}
	x, isText := a.(string)
	y, areBoth := b.(string)
	return strings.Compare(x, y), isText && areBoth
}

func within(list, value any) bool {
	items, _ := list.([]any)
	return slices.ContainsFunc(items, func(item any) bool { return same(item, value) })
}

func contains(field, value any) bool {
	if text, ok := field.(string); ok {
		part, isText := value.(string)
		return isText && strings.Contains(text, part)
	}
	return within(field, value)
}
