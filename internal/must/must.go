// Package must makes what cannot fail in the tests and benchmarks of this module.
package must

// Make returns what a constructor made, and panics if that failed.
func Make[T any](made T, err error) T {
	if err != nil {
		panic(err) //nolint:forbidigo // a mistake in a test, which it ends
	}
	return made
}
