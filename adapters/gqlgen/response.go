package gqlgen

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/fanql/fanql/ports"
)

// encode is a response as JSON (GraphQL, section 7.1). Extensions of the call come
// before those of gqlgen's that have the same name.
func (x *execution) encode(ctx context.Context, response *graphql.Response, call ports.Call) []byte {
	data := []byte(response.Data)
	if len(data) == 0 || x.nulled(data) {
		data = []byte("null")
	}
	body := append(append(make([]byte, 0, len(data)+len(`{"data":}`)), `{"data":`...), data...)
	if errs := x.responseErrors(ctx, response.Errors); len(errs) > 0 {
		body = errs.AppendJSON(append(body, `,"errors":`...))
	}
	body = append(appendExtensions(body, response.Extensions, call.Extensions), '}')
	if call.MaxBytes > 0 && len(body) > call.MaxBytes {
		body = append([]byte(`{"data":null,"errors":`), ports.NewResponseErrors(fmt.Sprintf("the response is longer than %d bytes", call.MaxBytes)).AppendJSON(nil)...)
		body = append(body, '}')
	}
	return body
}

// appendExtensions leaves out what has no JSON, and nothing else.
func appendExtensions(body []byte, all ...map[string]any) []byte {
	encoded := map[string]json.RawMessage{}
	for _, extensions := range all {
		for name, value := range extensions {
			if text, err := encodeExtension(value); err == nil {
				encoded[name] = text
			}
		}
	}
	if len(encoded) == 0 {
		return body
	}
	body = append(body, `,"extensions":{`...)
	for i, name := range slices.Sorted(maps.Keys(encoded)) {
		if i > 0 {
			body = append(body, ',')
		}
		key, _ := json.Marshal(name) // a string always has a JSON
		body = append(append(append(body, key...), ':'), encoded[name]...)
	}
	return append(body, '}')
}

// encodeExtension also fails with the panics of user code.
func encodeExtension(value any) (text []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return json.Marshal(value)
}
