package core

import "github.com/fanql/fanql/ports"

// nilPointer follows the name of a field.
const nilPointer = " is a nil pointer: leave it out, or set one that was made"

// isNilPointer says of a setting that may be left out whether it is the nil pointer of a
// constructor that has failed.
func isNilPointer(setting any) bool { return setting != nil && ports.IsMissing(setting) }
