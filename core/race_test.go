//go:build race

package core_test

// raced says that the race detector is on. What is single-threaded is then tried with
// fewer cases. make test runs the package without it too.
const raced = true
