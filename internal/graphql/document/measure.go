package document

import "github.com/vektah/gqlparser/v2/ast"

const (
	// maxSize is where counting ends.
	maxSize = 1 << 30
	// maxIntrospection bounds how many fields an operation selects below __schema
	// and __type: the query that tools send has 230, and each is answered for
	// every type of the schema.
	maxIntrospection = 500
	// maxIntrospectionLists is how many lists of types may nest below __schema and
	// __type, as in graphql-js.
	maxIntrospectionLists = 2
)

// size is what selections come to once all fragments are in place.
type size struct {
	fields, aliases, depth int
	// introspection is how many of the fields are below __schema or __type, or one
	// of these.
	introspection int
	// lists is how many lists of types nest, if the selections are of an
	// introspection type.
	lists int
}

// beside adds selections of the same set.
func (s *size) beside(other size) {
	s.fields = min(maxSize, s.fields+other.fields)
	s.aliases = min(maxSize, s.aliases+other.aliases)
	s.introspection = min(maxSize, s.introspection+other.introspection)
	s.depth = max(s.depth, other.depth)
	s.lists = max(s.lists, other.lists)
}

// measure bounds what operations select. Each fragment is measured once.
func (v *validation) measure() {
	for _, i := range v.order {
		v.fragments[i].size = v.sizeOf(v.fragments[i].selections)
	}
	for i := range v.operations {
		at, size := v.document.Operations[i].Position, v.sizeOf(v.operations[i].selections)
		if most := v.limits.Depth; most > 0 && size.depth > most {
			v.problems.add(at, "the operation nests fields more than %d deep", most)
		}
		if most := v.limits.Aliases; most > 0 && size.aliases > most {
			v.problems.add(at, "the operation has more than %d aliases, with its fragments in place", most)
		}
		if most := v.limits.Fields; most > 0 && size.fields > most {
			v.problems.add(at, "the operation selects more than %d fields, with its fragments in place", most)
		}
		if size.introspection > maxIntrospection {
			v.problems.add(at, "the operation selects more than %d fields of __schema and __type, with its fragments in place", maxIntrospection)
		}
	}
}

func (v *validation) sizeOf(selections ast.SelectionSet) size {
	var total size
	for _, selection := range selections {
		switch it := selection.(type) {
		case *ast.Field:
			total.beside(v.sizeOfField(it))
		case *ast.InlineFragment:
			total.beside(v.sizeOf(it.SelectionSet))
		case *ast.FragmentSpread:
			total.beside(v.fragments[v.fragmentsByName[it.Name]].size)
		}
	}
	return total
}

func (v *validation) sizeOfField(field *ast.Field) size {
	total := v.sizeOf(field.SelectionSet)
	total.fields = min(maxSize, total.fields+1)
	total.depth = min(maxSize, total.depth+1)
	if field.Alias != field.Name {
		total.aliases = min(maxSize, total.aliases+1)
	}
	switch field.Name {
	case "fields", "interfaces", "possibleTypes", "inputFields":
		total.lists++
	case "__schema", "__type":
		if v.limits.NoIntrospection {
			v.problems.add(field.Position, "introspection is not allowed: %s", field.Name)
		}
		if total.lists > maxIntrospectionLists {
			v.problems.add(field.Position, "Maximum introspection depth exceeded")
		}
		total.introspection, total.lists = total.fields, 0
	}
	return total
}
