package graphqlgo

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/fanql/fanql/internal/graphql/response"
	"github.com/fanql/fanql/ports"
)

// result makes the response of what was executed.
func (e *execution) result() ports.Result {
	switch e.stop {
	case skipped:
		return ports.Result{Skip: true}
	case tooLarge:
		return ports.Result{Body: e.tooLarge()}
	}
	if len(e.errors) > 0 {
		e.out = e.errors.AppendJSON(append(e.out, `,"errors":`...))
	}
	e.appendExtensions()
	e.out = append(e.out, '}')
	if e.call.MaxBytes > 0 && len(e.out) > e.call.MaxBytes {
		return ports.Result{Body: e.tooLarge()}
	}
	return ports.Result{Body: bytes.Clone(e.out)}
}

func (e *execution) tooLarge() []byte {
	errors := ports.NewResponseErrors(fmt.Sprintf("the response is longer than %d bytes", e.call.MaxBytes))
	return append(errors.AppendJSON([]byte(`{"data":null,"errors":`)), '}')
}

// appendExtensions leaves out, alone, what has no JSON.
func (e *execution) appendExtensions() {
	if len(e.call.Extensions) == 0 {
		return
	}
	before := len(e.out)
	e.out = append(e.out, `,"extensions":{`...)
	first := len(e.out)
	for _, name := range slices.Sorted(maps.Keys(e.call.Extensions)) {
		member := len(e.out)
		if member > first {
			e.out = append(e.out, ',')
		}
		var err error
		e.out = append(response.AppendText(e.out, name), ':')
		if e.out, err = response.AppendJSON(e.out, e.call.Extensions[name]); err != nil {
			e.out = e.out[:member]
		}
	}
	if len(e.out) == first {
		e.out = e.out[:before]
		return
	}
	e.out = append(e.out, '}')
}
