package ports

import "reflect"

// IsMissing reports whether a setting of an interface type has nothing in it: no value,
// or the nil pointer of a constructor that has failed.
func IsMissing(setting any) bool {
	value := reflect.ValueOf(setting)
	return !value.IsValid() || value.Kind() == reflect.Pointer && value.IsNil()
}

// IsNilPointer is IsMissing for a setting that may be left out: it reports whether it is
// the nil pointer of a constructor that has failed.
func IsNilPointer(setting any) bool { return setting != nil && IsMissing(setting) }
