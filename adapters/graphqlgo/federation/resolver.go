package federation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/fanql/fanql/ports"
)

// Resolver resolves the entities of one type. Resolve makes one.
type Resolver struct {
	resolve func(ctx context.Context, of *entity, representations []map[string]any) []outcome
	// accepts refuses keys that the function cannot take, and returns the name of the
	// field that stands for the whole key, if there is one.
	accepts func(of *entity) (field string, err error)
}

// outcome is what became of one representation. No value is an entity that is not known.
type outcome struct {
	value any
	err   error
}

// Resolve makes a resolver of a function that is called once with all representations
// of the type that a request has, and returns their entities in the same order, nil for
// what it does not know. If it fails, each of them has the error; with [Errors], each has
// its own.
//
// A representation is decoded by encoding/json into a K: a struct with the fields of the
// type's keys, and those that its fields require. Of a type that has one key with one
// field, K may be the type of that instead: a string for an ID. Enums are their names, and
// scalars are as the router sends them. V is what the resolvers of the type's fields have
// for their source.
func Resolve[K, V any](entities func(ctx context.Context, keys []K) ([]V, error)) Resolver {
	if entities == nil {
		return Resolver{}
	}
	return Resolver{
		accepts: accepts[K],
		resolve: func(ctx context.Context, of *entity, representations []map[string]any) []outcome {
			outcomes := make([]outcome, len(representations))
			var keys []K
			var asked []int // the representations that keys are of
			for i, representation := range representations {
				decoded, err := decode[K](representation, of.field)
				if err != nil {
					outcomes[i].err = err
					continue
				}
				keys, asked = append(keys, decoded), append(asked, i)
			}
			if len(keys) == 0 {
				return outcomes
			}
			values, err := call(ctx, of, entities, keys)
			for k, i := range asked {
				outcomes[i] = outcomeAt(values, err, k)
			}
			return outcomes
		},
	}
}

// Errors is what the function of a Resolver returns if only some of its entities
// failed: an error for each key, nil for those that did not. Where the error is nil, the
// value counts.
type Errors []error

// Error is the texts of the errors, a line each.
func (e Errors) Error() string {
	if joined := errors.Join(e...); joined != nil {
		return joined.Error()
	}
	return "no error"
}

// Unwrap lets errors.Is and errors.As find each error.
func (e Errors) Unwrap() []error { return e }

// call calls the function. Either the error is nil and there are as many values as keys, or
// it is Errors and there are as many of both, or it is that of each key.
func call[K, V any](ctx context.Context, of *entity, entities func(context.Context, []K) ([]V, error), keys []K) ([]V, error) {
	values, err := guard(ctx, entities, keys)
	own, ok := errors.AsType[Errors](err)
	switch {
	case ok && len(own) == 0: // no error, in an interface
		err = nil
	case ok && len(own) != len(keys):
		return nil, fmt.Errorf("the resolver of %s was given %d keys, and returned %d errors: %w", of.name, len(keys), len(own), err)
	case ok:
		err = own
	case err != nil:
		return nil, err
	}
	if len(values) != len(keys) {
		return nil, fmt.Errorf("the resolver of %s was given %d keys, and returned %d values", of.name, len(keys), len(values))
	}
	return values, err
}

// guard calls user code as ports.Recover says.
func guard[K, V any](ctx context.Context, entities func(context.Context, []K) ([]V, error), keys []K) (values []V, err error) {
	defer ports.Recover(&err)
	return entities(ctx, keys)
}

func outcomeAt[V any](values []V, err error, i int) outcome {
	if own, ok := err.(Errors); ok { //nolint:errorlint // call has unwrapped it
		err = own[i]
	}
	if err != nil {
		return outcome{err: err}
	}
	if isNil(reflect.ValueOf(&values[i]).Elem()) {
		return outcome{}
	}
	return outcome{value: values[i]}
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Interface:
		return v.IsNil() || isNil(v.Elem())
	case reflect.Pointer, reflect.Map:
		return v.IsNil()
	default:
		return false
	}
}

// decode makes a K of a representation, or of one field of it.
func decode[K any](representation map[string]any, field string) (key K, err error) {
	defer ports.Recover(&err)
	part := any(representation)
	if field != "" {
		part = representation[field]
	}
	encoded, err := json.Marshal(part)
	if err != nil {
		return key, err
	}
	if err := json.Unmarshal(encoded, &key); err != nil {
		return key, unreadable(err, field)
	}
	return key, nil
}

func unreadable(err error, field string) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		field = wrong.Field
	}
	if field == "" {
		return &problem{"its values are not those of its type", err}
	}
	return &problem{fmt.Sprintf("its field %q is of another type", field), err}
}

// accepts checks that a K has the fields of every key, or is the value of the one
// field of the one key.
func accepts[K any](of *entity) (field string, err error) {
	for _, k := range of.keys {
		encoded := skeleton(k.fields)
		lenient := probe[K](encoded, false)
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](lenient); ok {
			if field, single := of.single(); wrong.Field == "" && single {
				return field, nil
			}
			return "", fmt.Errorf("a %s cannot hold the key %q", reflect.TypeFor[K](), k.text)
		}
		if lenient == nil && probe[K](encoded, true) != nil {
			return "", fmt.Errorf("a %s lacks a field of the key %q", reflect.TypeFor[K](), k.text)
		}
	}
	return "", nil
}

func probe[K any](encoded []byte, strict bool) (err error) {
	defer ports.Recover(&err)
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	if strict {
		decoder.DisallowUnknownFields()
	}
	var key K
	return decoder.Decode(&key)
}
