package porttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/fanql/fanql/ports"
)

// schemaFixture is a schema with what checks need to talk to it.
type schemaFixture struct{ ports.Schema }

// formatter formats errors as the engine does, and counts them.
type formatter struct{ asked atomic.Int32 }

func (f *formatter) format(_ context.Context, err error) *ports.PublicError {
	f.asked.Add(1)
	if public, ok := errors.AsType[*ports.PublicError](err); ok {
		return public
	}
	return &ports.PublicError{Message: "internal error", Err: err}
}

// answer is a response, taken apart.
type answer struct {
	body       string // without white space
	data       string
	errors     []answeredError
	extensions string
}

type answeredError struct {
	Message   string
	Locations []ports.Location
	Path      []any
}

// operation prepares a document of one operation.
func (f schemaFixture) operation(t tester, document string) ports.OperationDefinition {
	t.Helper()
	prepared, errs := f.Prepare(document, ports.Limits{})
	accepted(t, "Prepare", document, errs)
	operation, errs := prepared.Operation("")
	accepted(t, "Operation", document, errs)
	return operation
}

func (f schemaFixture) bind(t tester, document, variables string) ports.BoundOperation {
	t.Helper()
	bound, errs := f.operation(t, document).Bind(t.Context(), []byte(variables), new(formatter).format)
	accepted(t, "Bind", document+" "+variables, errs)
	return bound
}

// execute executes a document without an event.
func (f schemaFixture) execute(t tester, document, variables string) answer {
	t.Helper()
	return executed(t, f.bind(t, document, variables), ports.Call{})
}

// executed executes an operation, which must answer.
func executed(t tester, bound ports.BoundOperation, call ports.Call) answer {
	t.Helper()
	if call.Format == nil {
		call.Format = new(formatter).format
	}
	ctx, _ := recorded(t.Context(), nil)
	return read(t, bound.Execute(ctx, call))
}

// read takes a response apart.
func read(t tester, result ports.Result) answer {
	t.Helper()
	if result.Skip || len(result.Rejected) > 0 {
		t.Fatalf("Execute: skip %v, rejected %s; want a response", result.Skip, result.Rejected.AppendJSON(nil))
	}
	var compact bytes.Buffer
	var members struct {
		Data, Extensions json.RawMessage
		Errors           []answeredError
	}
	if err := errors.Join(json.Compact(&compact, result.Body), json.Unmarshal(result.Body, &members)); err != nil {
		t.Fatalf("Execute: the response is %s: %v", brief(string(result.Body)), err)
	}
	data, extensions := bytes.Buffer{}, bytes.Buffer{}
	_ = json.Compact(&data, members.Data)
	_ = json.Compact(&extensions, members.Extensions)
	return answer{body: compact.String(), data: data.String(), errors: members.Errors, extensions: extensions.String()}
}

// answers reports an execution whose data is not as wanted, or that has errors.
func (f schemaFixture) answers(t tester, document, variables, want string) {
	t.Helper()
	if got := f.execute(t, document, variables); got.data != want || len(got.errors) > 0 {
		t.Errorf("%s with %s: got %s, want the data %s", document, variables, brief(got.body), want)
	}
}

// fails reports an execution whose data and whose errors' paths are not as wanted.
// A path is its keys with dots between them.
func (f schemaFixture) fails(t tester, document, data string, paths ...string) answer {
	t.Helper()
	got := f.execute(t, document, "")
	var found []string
	for _, failed := range got.errors {
		encoded, _ := json.Marshal(failed.Path) // was JSON
		found = append(found, strings.NewReplacer(`[`, "", `]`, "", `"`, "", ",", ".").Replace(string(encoded)))
		if len(failed.Locations) == 0 {
			t.Errorf("%s: the error %+v has no location", document, failed)
		}
	}
	if got.data != data || !sameSet(found, paths) {
		t.Errorf("%s: got %s, want the data %s and errors at %q", document, brief(got.body), data, paths)
	}
	return got
}

// accepted ends the check if a request was refused.
func accepted(t tester, call, asked string, errs ports.ResponseErrors) {
	t.Helper()
	if len(errs) > 0 {
		t.Fatalf("%s: %s: refused: %s", call, brief(asked), errs.AppendJSON(nil))
	}
}

// declined reports a request that was not refused, or with errors that are too
// many or too large.
func declined(t tester, call, asked string, errs ports.ResponseErrors) {
	t.Helper()
	switch encoded := errs.AppendJSON(nil); {
	case len(errs) == 0:
		t.Errorf("%s: %s: not refused", call, brief(asked))
	case len(errs) > 10 || len(encoded) > 16<<10:
		t.Errorf("%s: %s: %d errors, %d bytes; at most 10 and 16 KiB are due", call, brief(asked), len(errs), len(encoded))
	case slices.ContainsFunc(errs, func(e ports.ResponseError) bool { return e.Message == "" }):
		t.Errorf("%s: %s: an error has no message", call, brief(asked))
	}
}
