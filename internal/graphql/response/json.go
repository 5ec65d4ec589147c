package response

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/fanql/fanql/ports"
)

// AppendJSON appends the JSON of any value as encoding/json does, without escaping
// for HTML. The kinds that ports.DecodeJSON returns it writes itself, which takes
// less than half of the allocations.
func AppendJSON(b []byte, value any) ([]byte, error) {
	written, err := appendJSON(b, value, 0)
	if err != nil {
		return b, err
	}
	return written, nil
}

// maxDepth is from where on encoding/json writes: it finds out when a value contains
// itself.
const maxDepth = 500

func appendJSON(b []byte, value any, depth int) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, value), nil
	case int:
		return strconv.AppendInt(b, int64(value), 10), nil
	case float64:
		return appendFinite(b, value, 64)
	case string:
		return AppendText(b, value), nil
	case map[string]any:
		if value != nil && depth < maxDepth {
			return appendObject(b, value, depth+1)
		}
	case []any:
		if value != nil && depth < maxDepth {
			return appendList(b, value, depth+1)
		}
	}
	return appendOther(b, value)
}

// appendObject puts the members in order: equal results are equal bytes.
func appendObject(b []byte, object map[string]any, depth int) ([]byte, error) {
	var few [16]string // spares most objects an allocation
	names := few[:0]
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	var err error
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendText(b, name), ':')
		if b, err = appendJSON(b, object[name], depth); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendList(b []byte, list []any, depth int) ([]byte, error) {
	var err error
	b = append(b, '[')
	for i, value := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendJSON(b, value, depth); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendOther(b []byte, value any) (_ []byte, err error) {
	defer ports.Recover(&err)
	buffer := bytes.NewBuffer(b)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(value)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}
