package memory_test

import (
	"testing"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
)

func TestABackendIsReservedOnce(t *testing.T) {
	backend := must.Make(memory.New(memory.Config{}))
	release, ok := backend.Reserve()
	if !ok {
		t.Fatal("a new backend is reserved")
	}
	if _, ok := backend.Reserve(); ok {
		t.Error("it was reserved twice")
	}
	release()
	again, ok := backend.Reserve()
	if !ok {
		t.Fatal("it was released, and is reserved")
	}
	release() // of a former one, which changes nothing
	if _, ok := backend.Reserve(); ok {
		t.Error("it was released by a former server")
	}
	again()
}
