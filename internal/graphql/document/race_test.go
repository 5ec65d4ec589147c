//go:build race

package document_test

// slowdown is about what the race detector makes of processor time.
const slowdown = 10
