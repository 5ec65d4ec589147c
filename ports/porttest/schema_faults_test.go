package porttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/fanql/fanql/ports"
)

type schemaFault = fault[*brokenSchema]

func schemaFaults() []schemaFault {
	var all []schemaFault
	for _, faults := range [][]schemaFault{
		prepareFaults(), limitFaults(), operationFaults(), bindFaults(), subscribeFaults(), executeFaults(), errorsOfExecutionFaults(),
	} {
		all = append(all, faults...)
	}
	for _, family := range families() { // Compares each byte with all others.
		all = append(all, schemaFault{"Prepare: the cost is in proportion to " + family.name, documentEdits(func(document string) string {
			for range len(document) / 32 {
				document = strings.Clone(document)
			}
			return document
		})})
	}
	return all
}

// documentEdits breaks each document on its way in.
func documentEdits(edit func(document string) string) func(*brokenSchema) {
	return func(b *brokenSchema) {
		b.prepare = func(document string, limits ports.Limits) (ports.Document, ports.ResponseErrors) {
			return b.whole.Prepare(edit(document), limits)
		}
	}
}

// replaces replaces a text of each document.
func replaces(from, to string) func(*brokenSchema) {
	return documentEdits(func(document string) string { return strings.ReplaceAll(document, from, to) })
}

// prepareErrors edits what a document has done wrong.
func prepareErrors(edit func(document string, errs ports.ResponseErrors) ports.ResponseErrors) func(*brokenSchema) {
	return func(b *brokenSchema) {
		b.prepare = func(document string, limits ports.Limits) (ports.Document, ports.ResponseErrors) {
			prepared, errs := b.whole.Prepare(document, limits)
			if len(errs) == 0 {
				return prepared, nil
			}
			return prepared, edit(document, errs)
		}
	}
}

// forgives takes a document that holds a text for a valid one.
func forgives(text string) func(*brokenSchema) {
	return documentEdits(func(document string) string {
		if strings.Contains(document, text) {
			return "{int}"
		}
		return document
	})
}

func unlocated(_ string, errs ports.ResponseErrors) ports.ResponseErrors {
	errs[0].Locations = nil
	return errs
}

func prepareFaults() []schemaFault {
	const (
		valid   = "Prepare: a valid document costs something"
		syntax  = "Prepare: a syntax error is refused and located"
		invalid = "Prepare: what the schema does not allow is refused and located"
		small   = "Prepare: errors are few and small"
	)
	return []schemaFault{
		{valid, func(b *brokenSchema) { b.cost = func(ports.Document) int { return 0 } }},
		{valid, replaces("null", "1")},
		{valid, replaces("\uFEFF", "?")},
		{syntax, prepareErrors(unlocated)},
		{syntax, forgives("01")},
		{syntax, forgives("on on")},
		{invalid, prepareErrors(unlocated)},
		{invalid, forgives("...G")}, // Overlapping fields are not followed into fragments.
		{invalid, forgives("2147483648")},
		{invalid, forgives("b: event")},
		{small, prepareErrors(func(_ string, errs ports.ResponseErrors) ports.ResponseErrors {
			for len(errs) <= 10 {
				errs = append(errs, errs[0])
			}
			return errs
		})},
		{small, prepareErrors(func(document string, errs ports.ResponseErrors) ports.ResponseErrors { // Quotes the document.
			return append(errs[:0], ports.ResponseError{Message: document, Locations: errs[0].Locations})
		})},
	}
}

func limitFaults() []schemaFault {
	var faults []schemaFault
	edits := map[string]func(limits *ports.Limits, by int){
		"bytes":   func(l *ports.Limits, by int) { l.Bytes += by },
		"tokens":  func(l *ports.Limits, by int) { l.Tokens += by },
		"depth":   func(l *ports.Limits, by int) { l.Depth += by },
		"aliases": func(l *ports.Limits, by int) { l.Aliases += by },
		"fields":  func(l *ports.Limits, by int) { l.Fields += by },
	}
	for name, edit := range edits {
		for _, by := range []int{-1, 1} { // also takes 0 for a limit
			faults = append(faults, schemaFault{"Prepare: the limit of " + name, func(b *brokenSchema) {
				b.prepare = func(document string, limits ports.Limits) (ports.Document, ports.ResponseErrors) {
					edit(&limits, by)
					return b.whole.Prepare(document, limits)
				}
			}})
		}
	}
	return append(faults, schemaFault{"Prepare: the limit of introspection", func(b *brokenSchema) {
		b.prepare = func(document string, _ ports.Limits) (ports.Document, ports.ResponseErrors) {
			return b.whole.Prepare(document, ports.Limits{})
		}
	}}, schemaFault{"Prepare: the limit of introspection", func(b *brokenSchema) { // Takes __typename for introspection.
		b.prepare = func(document string, limits ports.Limits) (ports.Document, ports.ResponseErrors) {
			return b.whole.Prepare(strings.ReplaceAll(document, "__typename", "__schema {description}"), limits)
		}
	}})
}

func operationFaults() []schemaFault {
	const unknown = "Operation: an unknown name is refused"
	finds := func(find func(whole ports.Document, name string) (ports.OperationDefinition, ports.ResponseErrors)) func(*brokenSchema) {
		return func(b *brokenSchema) { b.operation = find }
	}
	// orElse finds another operation in place of none.
	orElse := func(other string) func(*brokenSchema) {
		return finds(func(whole ports.Document, name string) (ports.OperationDefinition, ports.ResponseErrors) {
			operation, errs := whole.Operation(name)
			if len(errs) > 0 {
				return whole.Operation(other)
			}
			return operation, nil
		})
	}
	return []schemaFault{
		{"Operation: is found by its name", finds(func(whole ports.Document, _ string) (ports.OperationDefinition, ports.ResponseErrors) {
			return whole.Operation("A")
		})},
		{"Operation: is found by its name", func(b *brokenSchema) {
			b.kind = func(ports.OperationDefinition) ports.OperationKind { return ports.OperationQuery }
		}},
		{"Operation: the only one needs no name", finds(func(whole ports.Document, name string) (ports.OperationDefinition, ports.ResponseErrors) {
			if name == "" {
				return nil, ports.NewResponseErrors("say which operation")
			}
			return whole.Operation(name)
		})},
		{"Operation: the only one needs no name", func(b *brokenSchema) { b.name = func(ports.OperationDefinition) string { return "" } }},
		{"Operation: none of several is refused", orElse("A")},
		{unknown, orElse("")},
		{unknown, orElse("A")},
		{unknown, finds(func(whole ports.Document, name string) (ports.OperationDefinition, ports.ResponseErrors) {
			operation, errs := whole.Operation(name)
			if len(errs) > 0 {
				errs = ports.NewResponseErrors("unknown operation " + name)
			}
			return operation, errs
		})},
	}
}

// variableEdits breaks the variables on their way in.
func variableEdits(edit func(variables []byte) []byte) func(*brokenSchema) {
	return func(b *brokenSchema) {
		bind := b.bind
		b.bind = func(whole ports.OperationDefinition, variables []byte, format ports.ErrorFormat) (ports.BoundOperation, ports.ResponseErrors) {
			return bind(whole, edit(bytes.Clone(variables)), format)
		}
	}
}

func variableReplaces(from, to string) func(*brokenSchema) {
	return variableEdits(func(variables []byte) []byte { return bytes.ReplaceAll(variables, []byte(from), []byte(to)) })
}

func bindFaults() []schemaFault {
	const (
		coerces = "Bind: coerces variables"
		absent  = "Bind: null and absent are two things"
		none    = "Bind: no variables are an empty object"
		refuses = "Bind: what does not fit is refused"
		small   = "Bind: errors are few and small"
		leaves  = "Bind: leaves its argument as it is, and keeps nothing of it"
	)
	return []schemaFault{
		{coerces, variableReplaces("3.0", `"3.0"`)},
		{coerces, variableReplaces(`\ud83d\ude00`, `\ufffd\ufffd`)},
		{coerces, variableReplaces(`{"y":1}`, `{"x":0,"y":1}`)}, // Ignores a default.
		{coerces, variableReplaces(`{"v":5}`, `{"v":[[5]]}`)},   // Takes no item for a list.
		{"Bind: numbers keep all their digits", variableEdits(func(variables []byte) []byte {
			var decoded any
			if json.Unmarshal(variables, &decoded) != nil {
				return variables
			}
			encoded, _ := json.Marshal(decoded)
			return encoded
		})},
		{absent, variableReplaces(`"v":null`, "")},
		{absent, variableReplaces("{}", `{"v":null}`)},
		{none, variableEdits(func(variables []byte) []byte {
			if len(variables) == 0 {
				return []byte("[]")
			}
			return variables
		})},
		{none, variableReplaces("null", "[]")},
		{none, variableReplaces(`"stray"`, `"v":"","stray"`)},
		{refuses, variableReplaces(`"1"`, "1")},
		{refuses, variableReplaces("2147483648", "2147483647")},
		{refuses, variableReplaces(`"no"`, "false")},
		{refuses, variableReplaces(`"z"`, `"y"`)},
		{refuses, variableReplaces("} 2", "}")},
		{small, bindErrors(func(variables []byte, _ ports.ResponseErrors) ports.ResponseErrors {
			return ports.NewResponseErrors(string(variables))
		})},
		{small, bindErrors(func(_ []byte, errs ports.ResponseErrors) ports.ResponseErrors {
			for len(errs) <= 10 {
				errs = append(errs, errs[0])
			}
			return errs
		})},
		{leaves, func(b *brokenSchema) {
			bind := b.bind
			b.bind = func(whole ports.OperationDefinition, variables []byte, format ports.ErrorFormat) (ports.BoundOperation, ports.ResponseErrors) {
				defer clear(variables)
				return bind(whole, variables, format)
			}
		}},
		{leaves, func(b *brokenSchema) { // Coerces them later.
			b.bind = func(whole ports.OperationDefinition, variables []byte, format ports.ErrorFormat) (ports.BoundOperation, ports.ResponseErrors) {
				return lateBound{whole: whole, variables: variables, format: format}, nil
			}
		}},
		{"Bind: decides @skip and @include", variableReplaces(`"b":false`, `"b":true`)},
		{"Bind: decides @skip and @include", variableReplaces(`"a":true`, `"a":false`)},
		{"Bind: the cost grows with the variables", func(b *brokenSchema) { b.boundCost = func(ports.BoundOperation) int { return 512 } }},
		{"Bind: an operation is bound to many variables", func(b *brokenSchema) { // Keeps the first.
			bind := b.bind
			var first ports.BoundOperation
			b.bind = func(whole ports.OperationDefinition, variables []byte, format ports.ErrorFormat) (ports.BoundOperation, ports.ResponseErrors) {
				var errs ports.ResponseErrors
				if first == nil {
					first, errs = bind(whole, variables, format)
				}
				return first, errs
			}
		}},
	}
}

// bindErrors edits what variables have done wrong.
func bindErrors(edit func(variables []byte, errs ports.ResponseErrors) ports.ResponseErrors) func(*brokenSchema) {
	return func(b *brokenSchema) {
		bind := b.bind
		b.bind = func(whole ports.OperationDefinition, variables []byte, format ports.ErrorFormat) (ports.BoundOperation, ports.ResponseErrors) {
			bound, errs := bind(whole, variables, format)
			if len(errs) > 0 {
				errs = edit(variables, errs)
			}
			return bound, errs
		}
	}
}

// lateBound binds once it is executed.
type lateBound struct {
	ports.BoundOperation
	whole     ports.OperationDefinition
	variables []byte
	format    ports.ErrorFormat
}

func (l lateBound) Execute(ctx context.Context, call ports.Call) ports.Result {
	bound, _ := l.whole.Bind(ctx, l.variables, l.format)
	return bound.Execute(ctx, call)
}

func subscribeFaults() []schemaFault {
	const (
		runs      = "Subscribe: runs the resolver, and executes nothing"
		formatted = "Subscribe: clients read what the format makes of an error"
	)
	subscribes := func(subscribe func(ctx context.Context, whole ports.BoundOperation, format ports.ErrorFormat) ports.ResponseErrors) func(*brokenSchema) {
		return func(b *brokenSchema) { b.subscribe = subscribe }
	}
	edits := func(edit func(e *ports.ResponseError)) func(*brokenSchema) {
		return subscribes(func(ctx context.Context, whole ports.BoundOperation, format ports.ErrorFormat) ports.ResponseErrors {
			errs := whole.Subscribe(ctx, format)
			for i := range errs {
				edit(&errs[i])
			}
			return errs
		})
	}
	return []schemaFault{
		{runs, subscribes(func(context.Context, ports.BoundOperation, ports.ErrorFormat) ports.ResponseErrors { return nil })},
		{runs, subscribes(func(ctx context.Context, whole ports.BoundOperation, format ports.ErrorFormat) ports.ResponseErrors {
			whole.Execute(ctx, ports.Call{Format: format})
			return whole.Subscribe(ctx, format)
		})},
		{"Subscribe: is repeatable", func(b *brokenSchema) {
			var subscribed atomic.Bool
			b.subscribe = func(ctx context.Context, whole ports.BoundOperation, format ports.ErrorFormat) ports.ResponseErrors {
				if subscribed.Swap(true) {
					return nil
				}
				return whole.Subscribe(ctx, format)
			}
		}},
		{formatted, subscribes(func(ctx context.Context, whole ports.BoundOperation, _ ports.ErrorFormat) ports.ResponseErrors {
			return whole.Subscribe(ctx, unmasked)
		})},
		{formatted, subscribes(func(ctx context.Context, whole ports.BoundOperation, format ports.ErrorFormat) ports.ResponseErrors {
			return whole.Subscribe(ctx, twice(format))
		})},
		{formatted, edits(func(e *ports.ResponseError) { e.Locations = nil })},
		{formatted, edits(func(e *ports.ResponseError) { e.Path = []any{"event"} })}, // the field's name, not its key
	}
}

func unmasked(_ context.Context, err error) *ports.PublicError {
	return &ports.PublicError{Message: err.Error()}
}

// fieldless asks about the error alone.
func fieldless(format ports.ErrorFormat) ports.ErrorFormat {
	return func(ctx context.Context, err error) *ports.PublicError {
		if at, ok := errors.AsType[*ports.FieldError](err); ok {
			err = at.Err
		}
		return format(ctx, err)
	}
}

func twice(format ports.ErrorFormat) ports.ErrorFormat {
	return func(ctx context.Context, err error) *ports.PublicError {
		format(ctx, err)
		return format(ctx, err)
	}
}

// bodyEdits breaks each response.
func bodyEdits(edit func(body string) string) func(*brokenSchema) {
	return func(b *brokenSchema) {
		execute := b.execute
		b.execute = func(ctx context.Context, whole ports.BoundOperation, call ports.Call) ports.Result {
			result := execute(ctx, whole, call)
			if result.Body != nil {
				result.Body = []byte(edit(string(result.Body)))
			}
			return result
		}
	}
}

func bodyReplaces(from, to string) func(*brokenSchema) {
	return bodyEdits(func(body string) string { return strings.ReplaceAll(body, from, to) })
}

// bodyMatches replaces what matches a pattern.
func bodyMatches(pattern, to string) func(*brokenSchema) {
	compiled := regexp.MustCompile(pattern)
	return bodyEdits(func(body string) string { return compiled.ReplaceAllString(body, to) })
}

// callEdits breaks each call.
func callEdits(edit func(call *ports.Call)) func(*brokenSchema) {
	return func(b *brokenSchema) {
		b.execute = func(ctx context.Context, whole ports.BoundOperation, call ports.Call) ports.Result {
			edit(&call)
			return whole.Execute(ctx, call)
		}
	}
}

// sortedKeys encodes as a map is encoded.
func sortedKeys(body string) string {
	var decoded any
	_ = json.Unmarshal([]byte(body), &decoded) // was JSON
	encoded, _ := json.Marshal(decoded)
	return string(encoded)
}

func executeFaults() []schemaFault {
	const (
		event = "Execute: an event is executed"
		many  = "Execute: many run at once, from the first on"
	)
	return []schemaFault{
		{"Execute: answers in the order of the document", bodyEdits(sortedKeys)},
		{"Execute: answers in the order of the document", replaces(" a: int}", "}")}, // Lets merged fields go.
		{"Execute: data is first, then errors, then extensions", bodyMatches(`^\{("data":.*),("errors":.*\]),("extensions":.*)\}$`, "{$2,$1,$3}")},
		{"Execute: extensions are put into the response", callEdits(func(call *ports.Call) { call.Extensions = nil })},
		{"Execute: extensions are put into the response", bodyMatches(`\}$`, `,"extensions":{}}`)},
		{"Execute: mutations run in order", replaces("...F a: append(v: 4)", "a: append(v: 4) ...F")},
		{"Execute: mutations run in order", func(b *brokenSchema) { // Runs them twice.
			b.execute = func(ctx context.Context, whole ports.BoundOperation, call ports.Call) ports.Result {
				whole.Execute(ctx, call)
				return whole.Execute(ctx, call)
			}
		}},
		{event, callEdits(func(call *ports.Call) { call.Root = nil })},
		{event, func(b *brokenSchema) {
			b.execute = func(ctx context.Context, whole ports.BoundOperation, call ports.Call) ports.Result {
				_ = whole.Subscribe(ctx, call.Format)
				return whole.Execute(ctx, call)
			}
		}},
		{"Execute: ErrSkip is no response", func(b *brokenSchema) {
			b.execute = func(ctx context.Context, whole ports.BoundOperation, call ports.Call) ports.Result {
				result := whole.Execute(ctx, call)
				if result.Skip {
					return ports.Result{Body: []byte(`{"data":{"e":null}}`)}
				}
				return result
			}
		}},
		{"Execute: the response belongs to the caller", func(b *brokenSchema) { // One buffer for all.
			buffer := make([]byte, 0, 1024)
			b.execute = func(ctx context.Context, whole ports.BoundOperation, call ports.Call) ports.Result {
				result := whole.Execute(ctx, call)
				result.Body = append(buffer[:0], result.Body...)
				return result
			}
		}},
		{"Execute: executions share no arguments", func(b *brokenSchema) { // The second sees what the first has written.
			var executions int
			bodyEdits(func(body string) string {
				if executions++; executions > 1 {
					return strings.ReplaceAll(body, "[1,2]", "[0,0]")
				}
				return body
			})(b)
		}},
		{many, func(b *brokenSchema) {
			var prepared atomic.Int32
			b.prepare = func(document string, limits ports.Limits) (ports.Document, ports.ResponseErrors) {
				if prepared.Add(1) == 5 {
					return nil, ports.NewResponseErrors("busy")
				}
				return b.whole.Prepare(document, limits)
			}
		}},
		{many, func(b *brokenSchema) {
			var executed atomic.Int32
			bodyEdits(func(body string) string {
				if executed.Add(1) == 12 {
					return strings.ReplaceAll(body, `"int":1`, `"int":2`)
				}
				return body
			})(b)
		}},
	}
}

func errorsOfExecutionFaults() []schemaFault {
	const (
		located   = "Execute: an error is located and has its path"
		spreads   = "Execute: null spreads to what can be null"
		formatted = "Execute: clients read what the format makes of an error"
		bounded   = "Execute: a response over MaxBytes is one error"
	)
	return []schemaFault{
		{located, bodyReplaces(`"path":["x"]`, `"path":["fail"]`)},
		{located, bodyMatches(`"locations":\[[^]]*\],`, "")},
		{located, bodyReplaces(`"column":3`, `"column":2`)},
		{spreads, bodyReplaces(`"nest":{"string":"s","nest":null}`, `"nest":{"string":"s","nest":{"x":null}}`)},
		{spreads, bodyReplaces(`"a":{"nest":null}`, `"a":null`)},
		{spreads, bodyReplaces(`["nests",0,`, `["nests",1,`)},
		{spreads, bodyMatches(`,"errors":.*\]`, "")},
		{"Execute: a response with an error that nothing takes has null for data", bodyReplaces(`"data":null,`, "")},
		{formatted, callEdits(func(call *ports.Call) { call.Format = unmasked })},
		{formatted, callEdits(func(call *ports.Call) { call.Format = twice(call.Format) })},
		{"Execute: the format is told the field of an error", callEdits(func(call *ports.Call) { call.Format = fieldless(call.Format) })},
		{"Execute: a panic is the error of its field", bodyReplaces(`{"int":null,"p":null,"id":null}`, "null")},
		{"Execute: an event that fails has a response", func(b *brokenSchema) { // Takes any error for ErrSkip.
			b.execute = func(ctx context.Context, whole ports.BoundOperation, call ports.Call) ports.Result {
				result := whole.Execute(ctx, call)
				if bytes.Contains(result.Body, []byte(`"errors"`)) {
					return ports.Result{Skip: true}
				}
				return result
			}
		}},
		{bounded, callEdits(func(call *ports.Call) { call.MaxBytes = 0 })},
		{bounded, callEdits(func(call *ports.Call) { call.MaxBytes = max(0, call.MaxBytes-1) })},
		{bounded, bodyReplaces(`"data":null`, `"data":{"nests":[]}`)},
	}
}
