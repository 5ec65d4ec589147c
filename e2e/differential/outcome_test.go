//go:build e2e

package differential

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// outcome is what one side made of a case.
type outcome struct {
	ID int `json:"id"`
	// Refused: the request was not executed. Rules are those of the reference that it breaks.
	Refused bool     `json:"refused,omitempty"`
	Rules   []string `json:"rules,omitempty"`
	// Body is the response, and Log what the mutations did.
	Body json.RawMessage `json:"body,omitempty"`
	Log  []int           `json:"log,omitempty"`
	// Coercions are those of leaves that the reference made.
	Coercions []string `json:"coercions,omitempty"`
	// Failure is a crash, or no answer in time.
	Failure string `json:"failure,omitempty"`
}

// member is one of a JSON object.
type member struct {
	key   string
	value any
}

// object is a JSON object in the order of its text.
type object []member

func (o object) get(key string) (any, bool) {
	for _, m := range o {
		if m.key == key {
			return m.value, true
		}
	}
	return nil, false
}

// decode reads JSON with all digits and the order of the keys.
func decode(encoded []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	return decodeNext(decoder)
}

func decodeNext(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			item, err := decodeNext(decoder)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err = decoder.Token()
		return list, err
	case json.Delim('{'):
		members := object{}
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			value, err := decodeNext(decoder)
			if err != nil {
				return nil, err
			}
			members = append(members, member{key: key.(string), value: value})
		}
		_, err = decoder.Token()
		return members, err
	}
	return token, nil
}

// encode writes what decode has read.
func encode(value any) []byte {
	switch value := value.(type) {
	case object:
		b := []byte{'{'}
		for i, m := range value {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(append(b, encode(m.key)...), ':'), encode(m.value)...)
		}
		return append(b, '}')
	case []any:
		b := []byte{'['}
		for i, item := range value {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, encode(item)...)
		}
		return append(b, ']')
	}
	encoded, _ := json.Marshal(value) // of a leaf
	return encoded
}

// canonical is a value of which the text tells it from every other: 1, 1.0 and
// 1e0 are one number.
func canonical(value any) string {
	switch value := value.(type) {
	case object:
		b := "{"
		for _, m := range value {
			b += fmt.Sprintf("%q:%s,", m.key, canonical(m.value))
		}
		return b + "}"
	case []any:
		b := "["
		for _, item := range value {
			b += canonical(item) + ","
		}
		return b + "]"
	case json.Number:
		if number, ok := new(big.Rat).SetString(string(value)); ok {
			return number.RatString()
		}
	case string:
		return fmt.Sprintf("%q", value)
	}
	return fmt.Sprint(value)
}

// difference says how two outcomes differ; empty if they do not. It is the
// subject's first.
func difference(got, want outcome) string {
	switch {
	case got.Failure != "" || want.Failure != "":
		return fmt.Sprintf("got failure %q, the reference %q", got.Failure, want.Failure)
	case got.Refused != want.Refused:
		return fmt.Sprintf("refused: got %v, want %v %v", got.Refused, want.Refused, want.Rules)
	case got.Refused:
		return ""
	case !slices.Equal(got.Log, want.Log):
		return fmt.Sprintf("effects: got %v, want %v", got.Log, want.Log)
	}
	gotBody, err := newResponse(got.Body)
	if err != nil {
		return fmt.Sprintf("response %s: %v", got.Body, err)
	}
	wantBody, err := newResponse(want.Body)
	if err != nil {
		return fmt.Sprintf("the reference's response %s: %v", want.Body, err)
	}
	return gotBody.difference(wantBody)
}

// response is a response as it is compared.
type response struct {
	data  any
	paths [][]any
}

func newResponse(body []byte) (response, error) {
	decoded, err := decode(body)
	if err != nil {
		return response{}, err
	}
	members, ok := decoded.(object)
	if !ok {
		return response{}, fmt.Errorf("is not an object")
	}
	var r response
	if r.data, ok = members.get("data"); !ok {
		return r, fmt.Errorf("has no data")
	}
	errors, _ := members.get("errors")
	list, _ := errors.([]any)
	for _, item := range list {
		failed, _ := item.(object)
		path, _ := failed.get("path")
		keys, _ := path.([]any)
		r.paths = append(r.paths, keys)
	}
	return r, nil
}

func (r response) difference(want response) string {
	if got, want := canonical(r.data), canonical(want.data); got != want {
		return fmt.Sprintf("data: got %s, want %s", got, want)
	}
	got, wanted := r.errors(), want.errors()
	if !slices.Equal(got, wanted) {
		return fmt.Sprintf("errors: got %s, want %s", strings.Join(got, " "), strings.Join(wanted, " "))
	}
	return ""
}

// errors are the paths of the errors, sorted, each with how much of it is null.
func (r response) errors() []string {
	paths := make([]string, len(r.paths))
	for i, path := range r.paths {
		paths[i] = fmt.Sprintf("%s@%d", canonical(path), nullAt(r.data, path))
	}
	slices.Sort(paths)
	return paths
}

// nullAt is how many steps of a path lead to the first null, or out of the data;
// -1 if there is a value at its end.
func nullAt(data any, path []any) int {
	for i, step := range path {
		if data == nil {
			return i
		}
		data = at(data, step)
	}
	if data == nil {
		return len(path)
	}
	return -1
}

// at is one step down a path; nil where there is none.
func at(data, step any) any {
	switch step := step.(type) {
	case string:
		members, _ := data.(object)
		value, _ := members.get(step)
		return value
	case json.Number:
		list, _ := data.([]any)
		if i, err := step.Int64(); err == nil && i >= 0 && i < int64(len(list)) {
			return list[i]
		}
	}
	return nil
}
