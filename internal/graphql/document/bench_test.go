package document_test

import (
	"testing"

	"github.com/fanql/fanql/internal/graphql/document"
	"github.com/fanql/fanql/ports"
)

// BenchmarkPrepare is a subscription of ten fields that was not seen before.
func BenchmarkPrepare(b *testing.B) {
	schema := load(b, sdl)
	limits := ports.Limits{Bytes: 128 << 10, Tokens: 2000, Depth: 25, Aliases: 100, Fields: 20_000}
	const text = `subscription Ev($room: ID!, $first: Int = 5) {
  ev(room: $room) { id name node { id name } friends(first: $first, after: "x") { id ...Rest } }
}
fragment Rest on User { name other size }`
	b.ReportAllocs()
	for b.Loop() {
		if _, errs := document.Prepare(schema, text, limits); errs != nil {
			b.Fatal(errs)
		}
	}
}
