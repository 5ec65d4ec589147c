package graphqlgo

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/ports"
)

// Stands in for internal/graphql/response.

func appendString(b []byte, s string) []byte {
	encoded, _ := encodeJSON(s)
	return append(b, encoded...)
}

func appendBuiltIn(b []byte, of *leaf, value any) (out []byte, err error) {
	defer recovered(&err)
	var serialized any
	if n, ok := value.(json.Number); ok {
		value = string(n)
	}
	switch of.kind {
	case intKind:
		if f, ok := value.(float64); ok && f != math.Trunc(f) {
			break
		}
		serialized = graphql.Int.Serialize(value)
	case floatKind:
		serialized = graphql.Float.Serialize(value)
	case booleanKind:
		serialized = graphql.Boolean.Serialize(value)
	default:
		serialized = fmt.Sprint(value)
	}
	if serialized == nil {
		return b, ports.Public("%s cannot represent the value.", of.name)
	}
	encoded, err := encodeJSON(serialized)
	if err != nil {
		return b, ports.Public("%s cannot represent the value.", of.name)
	}
	return append(b, encoded...), nil
}
