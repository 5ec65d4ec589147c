package ports

import (
	"encoding/json"
	"unicode/utf8"
)

// DecodeJSON decodes one JSON value as encoding/json does into an any, but for the
// numbers, which keep all their digits: a whole number that fits is an int, another
// one a float64 if that is exact to its last digit, and what is left a json.Number.
func DecodeJSON(encoded []byte) (any, error) {
	if !json.Valid(encoded) {
		var value any
		return nil, json.Unmarshal(encoded, &value)
	}
	return (&decoder{encoded}).value(), nil
}

// decoder reads JSON that encoding/json has found valid, which also bounds how deep
// it nests.
type decoder struct{ rest []byte }

func (d *decoder) value() any {
	d.space()
	switch d.rest[0] {
	case '{':
		return d.object()
	case '[':
		return d.list()
	case '"':
		return d.string()
	case 't':
		d.rest = d.rest[len("true"):]
		return true
	case 'f':
		d.rest = d.rest[len("false"):]
		return false
	case 'n':
		d.rest = d.rest[len("null"):]
		return nil
	default:
		return d.number()
	}
}

func (d *decoder) object() any {
	object := map[string]any{}
	for d.next('}') {
		d.space()
		name := d.string()
		d.space()
		d.rest = d.rest[1:] // the colon
		object[name] = d.value()
	}
	return object
}

func (d *decoder) list() any {
	list := []any{}
	for d.next(']') {
		list = append(list, d.value())
	}
	return list
}

// next passes the bracket before the first member, the comma before each other one,
// or the bracket at the end.
func (d *decoder) next(end byte) bool {
	if d.space(); d.rest[0] == end {
		d.rest = d.rest[1:]
		return false
	}
	first := d.rest[0] != ','
	d.rest = d.rest[1:]
	if !first {
		return true
	}
	if d.space(); d.rest[0] == end {
		d.rest = d.rest[1:]
		return false
	}
	return true
}

func (d *decoder) string() string {
	end, plain := 1, true
	for ; d.rest[end] != '"'; end++ {
		if d.rest[end] == '\\' {
			plain = false
			end++
		}
	}
	quoted := d.rest[:end+1]
	d.rest = d.rest[end+1:]
	if plain && utf8.Valid(quoted) {
		return string(quoted[1:end])
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // it is a valid string
	return text
}

func (d *decoder) number() any {
	end := 0
	for ; end < len(d.rest); end++ {
		if c := d.rest[end]; (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			break
		}
	}
	n := string(d.rest[:end])
	d.rest = d.rest[end:]
	return number(n)
}

func (d *decoder) space() {
	for len(d.rest) > 0 {
		switch d.rest[0] {
		case ' ', '\t', '\n', '\r':
			d.rest = d.rest[1:]
		default:
			return
		}
	}
}
