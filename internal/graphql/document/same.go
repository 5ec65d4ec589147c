package document

import "github.com/vektah/gqlparser/v2/ast"

// sameArguments reports whether two fields have the same arguments, in whatever
// order.
func (m *merging) sameArguments(a, b ast.ArgumentList) bool {
	if len(a) != len(b) {
		return false
	}
	for i, argument := range a {
		other := b[i]
		if other.Name != argument.Name {
			if other = b.ForName(argument.Name); other == nil {
				return false
			}
		}
		if !m.sameValue(argument.Value, other.Value) {
			return false
		}
	}
	return true
}

// sameValue compares literals as they are written, but for the order of the fields of
// input objects.
func (m *merging) sameValue(a, b *ast.Value) bool {
	if a.Kind != b.Kind || a.Raw != b.Raw || len(a.Children) != len(b.Children) {
		return false
	}
	if !m.validation.spend(len(a.Children)) {
		return true
	}
	if a.Kind != ast.ObjectValue {
		for i, child := range a.Children {
			if !m.sameValue(child.Value, b.Children[i].Value) {
				return false
			}
		}
		return true
	}
	var byName map[string]*ast.Value // once the order differs
	for i, child := range a.Children {
		other := b.Children[i].Value
		if b.Children[i].Name != child.Name {
			if byName == nil {
				byName = make(map[string]*ast.Value, len(b.Children))
				for _, child := range b.Children {
					byName[child.Name] = child.Value
				}
			}
			other = byName[child.Name]
		}
		if other == nil || !m.sameValue(child.Value, other) {
			return false
		}
	}
	return true
}
