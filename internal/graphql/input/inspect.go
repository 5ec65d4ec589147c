package input

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// inspect shows a value of the variables in a message: its beginning, at a cost
// that does not depend on its size.
func inspect(value any) string { return cut(string(appendValue(nil, value, 0))) }

const (
	maxShownItems = 10
	maxShownDepth = 2
)

func appendValue(b []byte, value any, depth int) []byte {
	switch value := value.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return strconv.AppendQuote(b, cut(value))
	case json.Number:
		return append(b, cut(string(value))...)
	case []any:
		return appendItems(b, value, depth)
	case map[string]any:
		return appendMembers(b, value, depth)
	case float64:
		format := byte('f')
		if math.Abs(value) >= 1e21 || math.Abs(value) < 1e-6 {
			format = 'g'
		}
		return strconv.AppendFloat(b, value, format, -1, 64)
	default: // an int or a boolean
		return fmt.Append(b, value)
	}
}

func appendItems(b []byte, items []any, depth int) []byte {
	if len(items) > 0 && depth == maxShownDepth {
		return append(b, "[Array]"...)
	}
	b = append(b, '[')
	for i, item := range items[:min(len(items), maxShownItems)] {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendValue(b, item, depth+1)
	}
	if more := len(items) - maxShownItems; more > 0 {
		b = fmt.Appendf(b, ", ... %d more items", more)
	}
	return append(b, ']')
}

func appendMembers(b []byte, members map[string]any, depth int) []byte {
	if len(members) > 0 && depth == maxShownDepth || len(members) > maxShownItems {
		return fmt.Appendf(b, "{ %d fields }", len(members))
	}
	names := make([]string, 0, maxShownItems)
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, ' '), cut(name)...)
		b = appendValue(append(b, ": "...), members[name], depth+1)
	}
	if len(names) > 0 {
		b = append(b, ' ')
	}
	return append(b, '}')
}

// source shows a literal in a message, likewise.
func source(literal *ast.Value) string { return cut(string(appendLiteral(nil, literal))) }

func appendLiteral(b []byte, literal *ast.Value) []byte {
	switch literal.Kind {
	case ast.ListValue:
		b = append(b, '[')
	case ast.ObjectValue:
		b = append(b, '{')
	case ast.StringValue, ast.BlockValue:
		return strconv.AppendQuote(b, cut(literal.Raw))
	case ast.Variable:
		return append(append(b, '$'), cut(literal.Raw)...)
	default:
		return append(b, cut(literal.Raw)...)
	}
	for i, child := range literal.Children {
		if len(b) > maxQuotedBytes {
			return b
		}
		if i > 0 {
			b = append(b, ", "...)
		}
		if child.Name != "" {
			b = append(append(b, cut(child.Name)...), ": "...)
		}
		b = appendLiteral(b, child.Value)
	}
	if literal.Kind == ast.ListValue {
		return append(b, ']')
	}
	return append(b, '}')
}
