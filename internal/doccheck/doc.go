// Package doccheck keeps the documents true: what they quote equals the code, nothing in
// their blocks is held by nothing, and their links lead somewhere.
//
// A fenced block is a quotation when the line above it is one of
//
//	<!-- example: adapters/memory.ExampleNew -->
//	<!-- file: examples/chat/schema.go#topics -->
//
// The first quotes the body of an Example function, without its output
// comment; the second the lines between "docs:start topics" and
// "docs:end topics" in any file, or without #topics the whole file. Indentation and the
// ends of lines don't count.
//
// Each block says its language, which says what holds it:
//
//	go                        quotes a file of this module, or one of runners
//	js, ts, tsx               quote a file of runners: those that a test compiles or runs
//	graphql, json, yaml       are parsed, or quote a file
//	hcl                       quotes a file
//	sh                        names targets, packages, scripts, flags and files that are there
//	text                      is no code
package doccheck
