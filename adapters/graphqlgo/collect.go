package graphqlgo

import "github.com/vektah/gqlparser/v2/ast"

// collect groups the fields that selection sets have for an object, by their
// response keys, in the order of the document (GraphQL, section 6.3.2). It fails with
// the value of a condition that is null: a variable that may be null, but has a
// default value, may stand there.
func (p *plan) collect(of *object, sets []ast.SelectionSet) (fields [][]*ast.Field, null *ast.Value) {
	c := collector{plan: p, object: of, index: map[string]int{}}
	for _, set := range sets {
		c.selectionSet(set)
	}
	return c.fields, c.null
}

type collector struct {
	plan    *plan
	object  *object
	fields  [][]*ast.Field
	index   map[string]int // of response keys in fields
	visited map[*ast.FragmentDefinition]bool
	null    *ast.Value // of a condition
}

func (c *collector) selectionSet(set ast.SelectionSet) {
	for _, selection := range set {
		if c.null != nil {
			return
		}
		switch selection := selection.(type) {
		case *ast.Field:
			if c.included(selection.Directives) {
				c.add(selection)
			}
		case *ast.InlineFragment:
			if c.included(selection.Directives) && c.applies(selection.TypeCondition) {
				c.selectionSet(selection.SelectionSet)
			}
		case *ast.FragmentSpread:
			if c.included(selection.Directives) {
				c.spread(selection.Definition)
			}
		}
	}
}

func (c *collector) add(f *ast.Field) {
	i, ok := c.index[f.Alias]
	if !ok {
		i = len(c.fields)
		c.index[f.Alias] = i
		c.fields = append(c.fields, nil)
	}
	c.fields[i] = append(c.fields[i], f)
}

func (c *collector) spread(fragment *ast.FragmentDefinition) {
	if c.visited[fragment] {
		return
	}
	if c.visited == nil {
		c.visited = map[*ast.FragmentDefinition]bool{}
	}
	c.visited[fragment] = true
	if c.applies(fragment.TypeCondition) {
		c.selectionSet(fragment.SelectionSet)
	}
}

// applies reports whether the object is of the type of a fragment's condition.
func (c *collector) applies(condition string) bool {
	if condition == "" || condition == c.object.name {
		return true
	}
	a := c.plan.document.schema.abstracts[condition]
	return a != nil && a.has[c.object]
}

// included decides about @skip and @include (GraphQL, sections 3.13.1 and 3.13.2).
func (c *collector) included(directives ast.DirectiveList) bool {
	for _, directive := range directives {
		if directive.Name != "skip" && directive.Name != "include" {
			continue
		}
		condition := directive.Arguments.ForName("if").Value
		value := any(condition.Raw == "true")
		if condition.Kind == ast.Variable {
			value = c.plan.variables[condition.Raw]
		}
		if value == nil {
			c.null = condition
		}
		if value != (directive.Name == "include") {
			return false
		}
	}
	return true
}
