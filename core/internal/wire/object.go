package wire

import (
	"bytes"
	"encoding/json"
)

const whitespace = " \t\r\n" // of JSON

// object reads a JSON object and leaves its values raw, as parts of the data. Of two
// values with one name the last counts. A map, and not a struct: encoding/json matches
// the names of struct fields whatever their case.
func object(data []byte) (map[string]json.RawMessage, bool) {
	data = bytes.TrimLeft(data, whitespace)
	if len(data) == 0 || data[0] != '{' || !json.Valid(data) {
		return nil, false
	}
	fields := map[string]json.RawMessage{}
	rest := bytes.TrimLeft(data[1:], whitespace)
	for rest[0] != '}' {
		size := sizeOf(rest)
		name, ok := nameOf(rest[:size])
		if !ok {
			return nil, false
		}
		rest = bytes.TrimLeft(rest[size:], whitespace)
		rest = bytes.TrimLeft(rest[1:], whitespace) // a colon
		size = sizeOf(rest)
		fields[name] = json.RawMessage(rest[:size:size])
		rest = bytes.TrimLeft(rest[size:], whitespace)
		if rest[0] == ',' {
			rest = bytes.TrimLeft(rest[1:], whitespace)
		}
	}
	return fields, true
}

// nameOf is unquote, but the names that every subscription has cost no allocation.
func nameOf(quoted []byte) (name string, ok bool) {
	for _, known := range [...]string{`"type"`, `"id"`, `"payload"`, `"query"`, `"variables"`, `"operationName"`, `"extensions"`} {
		if string(quoted) == known {
			return known[1 : len(known)-1], true
		}
	}
	return unquote(quoted)
}

// unquote is the text of a JSON string that is valid.
func unquote(value []byte) (text string, ok bool) {
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1]), true
	}
	err := json.Unmarshal(value, &text)
	return text, err == nil
}

// sizeOf is the length of the value that valid JSON begins with.
func sizeOf(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += sizeOfString(text[i:]) - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			if depth == 0 {
				return sizeOfLiteral(text)
			}
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(text)
}

func sizeOfString(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++ // what the backslash escapes
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// sizeOfLiteral is the length of a number, true, false or null.
func sizeOfLiteral(text []byte) int {
	if end := bytes.IndexAny(text, ",}]"+whitespace); end >= 0 {
		return end
	}
	return len(text)
}
