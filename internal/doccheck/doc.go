// Package doccheck keeps the documents true: what they quote equals the code,
// and their links lead somewhere.
//
// A fenced block is a quotation when the line above it is one of
//
//	<!-- example: adapters/memory.ExampleNew -->
//	<!-- file: examples/chat/schema.go#topics -->
//
// The first quotes the body of an Example function, without its output
// comment; the second the lines between "docs:start topics" and
// "docs:end topics" in any file. Indentation and the ends of lines don't count.
package doccheck
