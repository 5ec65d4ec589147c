package document

import (
	"encoding/binary"

	"github.com/vektah/gqlparser/v2/ast"
)

// mergeFields checks that fields with the same response key can be merged (GraphQL,
// section 5.3.2, FieldsInSetCanMerge). The specification compares fields in pairs.
// Being the same field with the same arguments, and having the same shape, are
// equivalence relations, so that it is enough to compare each with one of its group;
// then the selections of the whole group are merged once, as a set.
func (v *validation) mergeFields() {
	m := &merging{validation: v, seen: make([]int, len(v.fragments)), done: map[string]struct{}{}}
	for _, operation := range v.document.Operations {
		m.merge([]*ast.Field{{SelectionSet: operation.SelectionSet, Position: operation.Position}}, false)
	}
}

type merging struct {
	validation *validation
	// seen has by fragment the last set that it was put into.
	seen  []int
	round int
	// done has the sets that were merged.
	done map[string]struct{}
	key  []byte
}

// group is the fields of a set that have one response key.
type group struct {
	first *ast.Field
	more  []*ast.Field
}

// merge merges the selections of fields. With onlyShapes, they are of objects that
// cannot be the same: only the shapes of their answers have to agree
// (SameResponseShape).
func (m *merging) merge(fields []*ast.Field, onlyShapes bool) {
	if !m.begin(fields, onlyShapes) {
		return
	}
	for _, group := range m.groups(fields) {
		if m.validation.problems.full() {
			return
		}
		if len(group.more) == 0 {
			if len(group.first.SelectionSet) > 0 {
				m.merge([]*ast.Field{group.first}, onlyShapes)
			}
			continue
		}
		m.mergeGroup(group, onlyShapes)
	}
}

// begin reports whether a set is still to be merged: fragments bring the same set to
// many places. A field is known by where it stands.
func (m *merging) begin(fields []*ast.Field, onlyShapes bool) bool {
	if !m.validation.spend(len(fields)) {
		return false
	}
	if len(m.validation.fragments) == 0 {
		return true
	}
	m.key = m.key[:0]
	if onlyShapes {
		m.key = append(m.key, 1)
	} else {
		m.key = append(m.key, 0)
	}
	for _, field := range fields {
		m.key = binary.AppendUvarint(m.key, uint64(field.Position.Start)) //nolint:gosec // an offset is not negative
	}
	if _, again := m.done[string(m.key)]; again {
		return false
	}
	m.done[string(m.key)] = struct{}{}
	return true
}

// groups collects the fields that are selected below fields, each fragment once.
func (m *merging) groups(fields []*ast.Field) []group {
	m.round++
	set := fieldSet{merging: m}
	for _, field := range fields {
		set.collect(field.SelectionSet)
	}
	return set.groups
}

type fieldSet struct {
	merging *merging
	groups  []group
	byKey   map[string]int // once there are many
}

func (s *fieldSet) collect(selections ast.SelectionSet) {
	if !s.merging.validation.spend(len(selections)) {
		return
	}
	for _, selection := range selections {
		switch it := selection.(type) {
		case *ast.Field:
			s.add(it)
		case *ast.InlineFragment:
			s.collect(it.SelectionSet)
		case *ast.FragmentSpread:
			fragment := s.merging.validation.fragmentsByName[it.Name]
			if s.merging.seen[fragment] != s.merging.round {
				s.merging.seen[fragment] = s.merging.round
				s.collect(it.Definition.SelectionSet)
			}
		}
	}
}

func (s *fieldSet) add(field *ast.Field) {
	const few = 8
	if s.byKey == nil && len(s.groups) > few {
		s.byKey = make(map[string]int, 2*len(s.groups))
		for i, group := range s.groups {
			s.byKey[group.first.Alias] = i
		}
	}
	if s.byKey != nil {
		i, known := s.byKey[field.Alias]
		if known {
			s.groups[i].more = append(s.groups[i].more, field)
			return
		}
		s.byKey[field.Alias] = len(s.groups)
	} else {
		for i := range s.groups {
			if s.groups[i].first.Alias == field.Alias {
				s.groups[i].more = append(s.groups[i].more, field)
				return
			}
		}
	}
	s.groups = append(s.groups, group{first: field})
}

// mergeGroup compares the fields of a group, and merges their selections. Fields of
// two object types are never in one answer; a field of an interface may be in one
// with each.
func (m *merging) mergeGroup(group group, onlyShapes bool) {
	all := append([]*ast.Field{group.first}, group.more...)
	if onlyShapes {
		if m.sameShape(all) {
			m.mergeSelections(all, true)
		}
		return
	}
	var abstract []*ast.Field
	var objects []*ast.Definition
	byObject := map[*ast.Definition][]*ast.Field{}
	for _, field := range all {
		parent := field.ObjectDefinition
		if parent.Kind != ast.Object {
			abstract = append(abstract, field)
			continue
		}
		if byObject[parent] == nil {
			objects = append(objects, parent)
		}
		byObject[parent] = append(byObject[parent], field)
	}
	if len(objects) <= 1 {
		if m.sameField(all) && m.sameShape(all) {
			m.mergeSelections(all, false)
		}
		return
	}
	if len(abstract) > 0 && !m.sameField(all) || !m.sameShape(all) {
		return
	}
	m.mergeSelections(all, true)
	for _, object := range objects {
		if fields := byObject[object]; m.sameField(fields) {
			m.mergeSelections(append(fields, abstract...), false)
		}
	}
}

func (m *merging) mergeSelections(fields []*ast.Field, onlyShapes bool) {
	selecting := fields[:0:0]
	for _, field := range fields {
		if len(field.SelectionSet) > 0 {
			selecting = append(selecting, field)
		}
	}
	if len(selecting) > 0 {
		m.merge(selecting, onlyShapes)
	}
}

const conflict = "Fields %q conflict because %s. Use different aliases on the fields to fetch both if this was intentional."

func (m *merging) sameShape(fields []*ast.Field) bool {
	first := fields[0]
	for _, field := range fields[1:] {
		if a, b := first.Definition.Type, field.Definition.Type; !m.validation.sameShape(a, b) {
			m.conflict(first, field, "they return conflicting types \""+a.String()+"\" and \""+b.String()+"\"")
			return false
		}
	}
	return true
}

func (m *merging) sameField(fields []*ast.Field) bool {
	first := fields[0]
	for _, field := range fields[1:] {
		if first.Name != field.Name {
			m.conflict(first, field, "\""+first.Name+"\" and \""+field.Name+"\" are different fields")
			return false
		}
		if !m.sameArguments(first.Arguments, field.Arguments) {
			m.conflict(first, field, "they have differing arguments")
			return false
		}
	}
	return true
}

func (m *merging) conflict(a, b *ast.Field, reason string) {
	m.validation.problems.addAt([]*ast.Position{a.Position, b.Position}, conflict, a.Alias, reason)
}

// sameShape reports whether values of two types look alike: the same lists and
// nulls around the same leaf, or around objects.
func (v *validation) sameShape(a, b *ast.Type) bool {
	for a.NonNull == b.NonNull && a.Elem != nil && b.Elem != nil {
		a, b = a.Elem, b.Elem
	}
	if a.NonNull != b.NonNull || a.Elem != nil || b.Elem != nil {
		return false
	}
	return a.NamedType == b.NamedType ||
		composite(v.schema.Types[a.NamedType]) != nil && composite(v.schema.Types[b.NamedType]) != nil
}
