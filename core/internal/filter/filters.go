package filter

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Bounds of what a subscription may filter by.
const (
	maxConditions     = 20
	maxConditionBytes = 4 << 10
)

// Filters is what a delivery must know of a subscription besides its request, kept
// with it in the store.
type Filters struct {
	// PerSubscriber has every event executed for this subscriber alone.
	PerSubscriber bool        `json:"perSubscriber,omitempty"`
	Where         []Condition `json:"where,omitempty"`
}

// Encode is nil where there is nothing to know. What it fails on is the schema
// author's doing.
func (f Filters) Encode() ([]byte, error) {
	if !f.PerSubscriber && len(f.Where) == 0 {
		return nil, nil
	}
	encoded, err := json.Marshal(f)
	if len(f.Where) > maxConditions || len(encoded) > maxConditionBytes {
		return nil, fmt.Errorf("a subscription may have at most %d conditions of %d bytes in all", maxConditions, maxConditionBytes)
	}
	return encoded, err
}

// Decode reads what Encode wrote. Filters that this version cannot read let
// everything pass: too much is better than a silent gap.
func Decode(encoded []byte) Filters {
	var stored Filters
	if len(encoded) > 0 && json.Unmarshal(encoded, &stored) != nil {
		return Filters{}
	}
	return stored
}

// Pass reports whether a payload, as ports.DecodeJSON returns it, meets all
// conditions.
func (f Filters) Pass(payload any) bool {
	return !slices.ContainsFunc(f.Where, func(c Condition) bool { return !c.Holds(payload) })
}
