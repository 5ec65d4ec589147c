package gqlgen

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/fanql/fanql/internal/graphql/response"
	"github.com/fanql/fanql/ports"
)

// encode is a response as JSON (GraphQL, section 7.1). Extensions of the call come
// before those of gqlgen's that have the same name.
func (x *execution) encode(ctx context.Context, answer *graphql.Response, call ports.Call) []byte {
	data := []byte(answer.Data)
	if len(data) == 0 || x.nulled(data) {
		data = []byte("null")
	}
	body := append(append(make([]byte, 0, len(data)+len(`{"data":}`)), `{"data":`...), data...)
	if errs := x.responseErrors(ctx, answer.Errors); len(errs) > 0 {
		body = errs.AppendJSON(append(body, `,"errors":`...))
	}
	extensions := answer.Extensions
	if len(call.Extensions) > 0 {
		extensions = maps.Clone(call.Extensions)
		for name, value := range answer.Extensions {
			if _, ok := extensions[name]; !ok {
				extensions[name] = value
			}
		}
	}
	body = append(appendExtensions(body, extensions), '}')
	if call.MaxBytes > 0 && len(body) > call.MaxBytes {
		return tooLarge(call.MaxBytes)
	}
	return body
}

func tooLarge(limit int) []byte {
	errs := ports.NewResponseErrors(fmt.Sprintf("the response is longer than %d bytes", limit))
	return append(errs.AppendJSON([]byte(`{"data":null,"errors":`)), '}')
}

// appendExtensions leaves out, alone, what has no JSON.
func appendExtensions(body []byte, extensions map[string]any) []byte {
	if len(extensions) == 0 {
		return body
	}
	before := len(body)
	body = append(body, `,"extensions":{`...)
	first := len(body)
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		member := len(body)
		if member > first {
			body = append(body, ',')
		}
		var err error
		body = append(response.AppendText(body, name), ':')
		if body, err = response.AppendJSON(body, extensions[name]); err != nil {
			body = body[:member]
		}
	}
	if len(body) == first {
		return body[:before]
	}
	return append(body, '}')
}
