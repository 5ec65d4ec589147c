package core

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// encodeResult is the JSON of a GraphQL response (GraphQL, section 7.1).
func encodeResult(data any, errs responseErrors, extensions map[string]any) (_ []byte, err error) {
	defer guard(&err) // a user's MarshalJSON may panic
	b := append(make([]byte, 0, 256), `{"data":`...)
	if b, err = appendValue(b, data); err != nil {
		return nil, err
	}
	if len(errs) > 0 {
		b = append(append(b, `,"errors":`...), errs.encode()...)
	}
	if len(extensions) > 0 {
		b = append(b, `,"extensions":`...)
		if b, err = appendValue(b, extensions); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendValue appends the JSON of a value. What nearly all results consist of it
// writes itself: where every subscriber has a result of its own, encoding/json's
// way through maps is much of the cost. The rest is encoding/json's.
func appendValue(b []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, value), nil
	case int:
		return strconv.AppendInt(b, int64(value), 10), nil
	case string:
		return appendString(b, value)
	case map[string]any:
		if value != nil {
			return appendObject(b, value)
		}
	case []any:
		if value != nil {
			return appendList(b, value)
		}
	}
	return appendOther(b, value)
}

func appendObject(b []byte, object map[string]any) ([]byte, error) {
	var few [16]string // spares most objects an allocation
	var err error
	b = append(b, '{')
	for i, name := range sortedNames(few[:0], object) {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendString(b, name); err != nil {
			return nil, err
		}
		b = append(b, ':')
		if b, err = appendValue(b, object[name]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// sortedNames puts the names of an object in order: equal results are equal bytes.
func sortedNames(names []string, object map[string]any) []string {
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func appendList(b []byte, list []any) ([]byte, error) {
	var err error
	b = append(b, '[')
	for i, value := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendValue(b, value); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendString(b []byte, s string) ([]byte, error) {
	if !isPlain(s) {
		return appendOther(b, s)
	}
	return append(append(append(b, '"'), s...), '"'), nil
}

// isPlain reports whether a string is its own JSON but for the quotes.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func appendOther(b []byte, value any) ([]byte, error) {
	buffer := bytes.NewBuffer(b)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}
