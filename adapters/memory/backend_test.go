package memory_test

import (
	"testing"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
)

func TestABackendIsAcquiredOnce(t *testing.T) {
	backend := must.Make(memory.New(memory.Config{}))
	release, ok := backend.Acquire()
	if !ok {
		t.Fatal("a new backend is acquired")
	}
	if _, ok := backend.Acquire(); ok {
		t.Error("it was acquired twice")
	}
	release()
	again, ok := backend.Acquire()
	if !ok {
		t.Fatal("it was released, and is acquired")
	}
	release() // of a former one, which changes nothing
	if _, ok := backend.Acquire(); ok {
		t.Error("it was released by a former server")
	}
	again()
}
