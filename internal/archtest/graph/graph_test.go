package main

import (
	"slices"
	"strings"
	"testing"
)

// TestComponents: files that reach each other are one component, and a chain of
// files is none.
func TestComponents(t *testing.T) {
	edges := map[string]map[string]bool{
		"a": {"b": true},
		"b": {"c": true, "d": true},
		"c": {"a": true},
		"d": {"e": true},
		"e": {},
	}
	var got []string
	for _, component := range components([]string{"a", "b", "c", "d", "e"}, edges) {
		slices.Sort(component)
		got = append(got, strings.Join(component, ""))
	}
	slices.Sort(got)
	if want := []string{"abc", "d", "e"}; !slices.Equal(got, want) {
		t.Errorf("components %q, want %q", got, want)
	}
}

// TestLoad: the program's own files are a tree, and a type's methods are counted.
func TestLoad(t *testing.T) {
	packages, err := load(".", []string{"."})
	if err != nil {
		t.Fatal(err)
	}
	p := packages[0]
	for _, component := range p.components() {
		if len(component) != 1 {
			t.Errorf("a component of %q", component)
		}
	}
	if name, methods, files := p.widest(); name != "pkg" || methods < 4 || files != 1 {
		t.Errorf("the type with most methods is %s: %d in %d files", name, methods, files)
	}
}
