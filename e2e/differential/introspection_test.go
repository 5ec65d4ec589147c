//go:build e2e

package differential

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestIntrospectionAgreesWithReference(t *testing.T) {
	sides, _ := newSides(t)
	got, want := sides.answer(t, []request{{Query: sides.introspection}})
	described, reference := description(t, got[0]), description(t, want[0])
	for _, name := range sortedKeys(described, reference) {
		if described[name] != reference[name] {
			t.Errorf("%s:\ngot  %s\nwant %s", name, described[name], reference[name])
		}
	}
}

// description is what an introspection says, by type and directive.
func description(t *testing.T, answered outcome) map[string]string {
	t.Helper()
	r, err := newResponse(answered.Body)
	if err != nil || len(r.paths) > 0 {
		t.Fatalf("%+v: %v", answered, err)
	}
	schema := at(r.data, "__schema")
	said := make(map[string]string)
	for _, m := range schema.(object) {
		list, ok := m.value.([]any)
		if !ok {
			said[m.key] = canonical(m.value)
			continue
		}
		for _, item := range list {
			name := at(item, "name").(string)
			said[fmt.Sprint(m.key, " ", name)] = canonical(unordered(own(name, item)))
		}
	}
	return said
}

// own is an item, without descriptions if it is one of the standard's own: their
// words are free.
func own(name string, item any) any {
	standard := strings.HasPrefix(name, "__") || slices.Contains(strings.Fields("Boolean Float ID Int String deprecated include skip specifiedBy"), name)
	switch item := item.(type) {
	case object:
		members := object{}
		for _, m := range item {
			if m.key != "description" || !standard {
				members = append(members, member{key: m.key, value: own(name, m.value)})
			}
		}
		return members
	case []any:
		list := []any{}
		for _, item := range item {
			list = append(list, own(name, item))
		}
		return list
	}
	return item
}

func sortedKeys(maps ...map[string]string) []string {
	var keys []string
	for _, m := range maps {
		for key := range m {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
