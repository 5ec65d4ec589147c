package graphqlgo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

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

func (e *execution) appendExtensions() {
	first := true
	for _, name := range slices.Sorted(maps.Keys(e.call.Extensions)) {
		encoded, err := encodeJSON(e.call.Extensions[name])
		if err != nil {
			continue
		}
		if first {
			e.out = append(e.out, `,"extensions":{`...)
		} else {
			e.out = append(e.out, ',')
		}
		first = false
		key, _ := encodeJSON(name) // a string always has a JSON
		e.out = append(append(append(e.out, key...), ':'), encoded...)
	}
	if !first {
		e.out = append(e.out, '}')
	}
}

// encodeJSON encodes what user code returned. It fails as encoding/json does, and
// with the panics of user code.
func encodeJSON(value any) (encoded []byte, err error) {
	defer recovered(&err)
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
