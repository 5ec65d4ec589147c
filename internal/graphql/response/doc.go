// Package response writes the JSON of a GraphQL response into bytes, for the
// executors of the schema adapters.
//
// The functions named for a scalar coerce what a resolver returned (GraphQL,
// section 3.5, result coercion). Where the specification leaves a question, they do
// as graphql-js 16 does, and no digit of a whole number is lost. What each takes, by
// the kind of the Go value, whatever its name is:
//
//	                    Int             Float     String  ID      Boolean
//	string              a whole number  a number  yes     yes     -
//	int, uint, any size within 32 bits  yes       yes     yes     not 0
//	float               whole           finite    finite  whole   finite, not 0
//	bool                1, 0            1, 0      yes     -       yes
//
// String and ID also take an encoding.TextMarshaler, before anything else, and a
// fmt.Stringer that has no other place in the table: a uuid.UUID, a time.Time, a
// *url.URL. All else is an error: a struct, []byte, NaN.
//
// Of a pointer they take what it points to. Each function writes null for nil and
// for a nil pointer, so that a caller finds out by what was written, of a type with
// a MarshalJSON too. With an error they return the bytes that they were given, and
// its text says nothing of a string. It is a *ports.PublicError, unless a method of
// the value failed. No panic of a value's method passes them.
package response
