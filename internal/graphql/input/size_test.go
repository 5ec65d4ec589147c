package input_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/fanql/fanql/internal/graphql/input"
)

func heap() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

func members(n int) map[string]any {
	object := map[string]any{}
	for i := range n {
		object[fmt.Sprint("member", i)] = i + 1000
	}
	return object
}

// The sizes of values are about what they take, so that what the variables of requests
// multiply shows.
func TestSizeIsAboutWhatIsTaken(t *testing.T) {
	for name, value := range map[string]any{
		"numbers": []any{1000, 2000, 3000.5}, "text": strings.Repeat("x", 1000), "nulls": make([]any, 100),
		"an empty object": map[string]any{}, "a small object": members(3), "a full group": members(8), "a large object": members(100),
		"lists": []any{[]any{}, []any{[]any{}}}, "objects": []any{members(1), members(20), members(0)},
	} {
		const copies = 1000
		kept := make([]any, copies)
		before := heap()
		for i := range kept {
			kept[i] = copied(value)
		}
		took := (heap() - before) / copies
		if size := input.Size(kept[0]); size < took/2 || size > took*3 {
			t.Errorf("%s: size %d, takes %d", name, size, took)
		}
		runtime.KeepAlive(kept)
	}
}

// copied shares nothing but the names of members with the value.
func copied(value any) any {
	switch value := value.(type) {
	case string:
		return strings.Clone(value)
	case int:
		return value + 1
	case float64:
		return value + 1
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = copied(item)
		}
		return items
	case map[string]any:
		object := map[string]any{}
		for name, member := range value {
			object[name] = copied(member)
		}
		return object
	}
	return value
}
