package run

import (
	"reflect"
	"sync"
	"time"
)

// Decoded keeps the payload of one event as the types that Topic.Payload has made
// of it, so that an event which is executed for every subscriber is decoded once.
// It keeps only types that a copy shares nothing with: resolvers may do with their
// payload what they like.
type Decoded struct{ byType sync.Map }

// Load returns the payload as a T, if Keep has kept one.
func Load[T any](d *Decoded) (payload T, ok bool) {
	if d == nil {
		return payload, false
	}
	kept, ok := d.byType.Load(reflect.TypeFor[T]())
	if !ok {
		return payload, false
	}
	return kept.(T), true
}

// Keep keeps the payload as a T, if that is safe.
func Keep[T any](d *Decoded, payload T) {
	if kind := reflect.TypeFor[T](); d != nil && isFlat(kind) {
		d.byType.Store(kind, payload)
	}
}

// isFlat reports whether copies of a type's values share nothing that could be
// modified.
func isFlat(kind reflect.Type) bool {
	switch kind.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	case reflect.Array:
		return isFlat(kind.Elem())
	case reflect.Struct:
		if kind == reflect.TypeFor[time.Time]() { // points to its location, which nobody can modify
			return true
		}
		for field := range kind.Fields() {
			if !isFlat(field.Type) {
				return false
			}
		}
		return true
	default:
		return false
	}
}
