package core

import (
	"fmt"

	"github.com/fanql/fanql/core/internal/filter"
	"github.com/fanql/fanql/core/internal/run"
)

// Operator compares a field of an event's payload with a value.
type Operator string

// The operators of Where. A field that the payload does not have, or that is
// null, is equal to null only; it is not in a list, and contains nothing. Lt, Le,
// Gt, Ge and Between compare two numbers or two strings (by their bytes), and are
// false for anything else.
const (
	Eq          Operator = "eq"
	Ne          Operator = "ne"
	Lt          Operator = "lt"
	Le          Operator = "le"
	Gt          Operator = "gt"
	Ge          Operator = "ge"
	In          Operator = "in"          // the value is a list that has the field
	NotIn       Operator = "notIn"       // the value is a list that does not
	Contains    Operator = "contains"    // the field is a list that has the value, or a string that has it within
	NotContains Operator = "notContains" // the field is neither
	BeginsWith  Operator = "beginsWith"  // the field is a string
	Between     Operator = "between"     // the value is a list of two: least and most
)

// Where keeps events from a subscription whose payload does not fit: it is
// evaluated on the payload before anything is executed. The field is a member of
// the payload's JSON object, or a dotted path through nested ones. The value is
// anything with a JSON. Whole numbers compare exactly, whatever their size, and
// others as float64 do. Several Where of one subscription have to hold all.
//
// Subscribe fails when the payload's type has no such field, or one that is never what
// the value is (a string, and the value a number), when the operator is none, when the
// value does not go with it, and when a subscription has more than 20 conditions or 4 KB
// of them. The function Subscribe knows no type, and checks no field.
func Where(field string, operator Operator, value any) SubscribeOption {
	return func(s *run.Subscription) error {
		wanted, err := filter.New(field, filter.Operator(operator), value)
		if err != nil {
			return fmt.Errorf("core.Where(%q, %s): %w", field, operator, err)
		}
		s.Filters.Where = append(s.Filters.Where, wanted)
		return nil
	}
}
