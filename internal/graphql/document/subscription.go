package document

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// checkSubscriptions: a subscription selects one field of its root type (GraphQL,
// section 5.2.3.1). Which one has to be known before it has variables.
func (v *validation) checkSubscriptions() {
	seen := make([]int, len(v.fragments))
	for i, operation := range v.document.Operations {
		if v.problems.full() {
			return
		}
		if operation.Operation != ast.Subscription {
			continue
		}
		name := "Anonymous Subscription"
		if operation.Name != "" {
			name = `Subscription "` + operation.Name + `"`
		}
		roots := &rootFields{validation: v, name: name, seen: seen, round: i + 1}
		if roots.collect(operation.SelectionSet) && roots.first == nil {
			v.problems.add(operation.Position, "%s must select one top level field: @skip and @include leave none.", name)
		}
	}
}

// rootFields looks for what is wrong with the root fields of a subscription.
type rootFields struct {
	validation *validation
	name       string // of the subscription
	first      *ast.Field
	// seen has by fragment the last round that reached it; each subscription is one.
	seen  []int
	round int
}

// collect reports whether nothing was wrong.
func (r *rootFields) collect(selections ast.SelectionSet) bool {
	if !r.validation.spend(len(selections)) {
		return false
	}
	for _, selection := range selections {
		ok := true
		switch it := selection.(type) {
		case *ast.Field:
			ok = !r.included(it.Directives) || r.field(it)
		case *ast.InlineFragment:
			ok = !r.included(it.Directives) || r.collect(it.SelectionSet)
		case *ast.FragmentSpread:
			fragment := r.validation.fragmentsByName[it.Name]
			if r.included(it.Directives) && r.seen[fragment] != r.round {
				r.seen[fragment] = r.round
				ok = r.collect(it.Definition.SelectionSet)
			}
		}
		if !ok || r.validation.problems.found() {
			return false
		}
	}
	return true
}

func (r *rootFields) field(field *ast.Field) bool {
	switch {
	case strings.HasPrefix(field.Name, "__"):
		r.validation.problems.add(field.Position, "%s must not select an introspection top level field.", r.name)
		return false
	case r.first == nil:
		r.first = field
	case r.first.Alias != field.Alias:
		r.validation.problems.addAt([]*ast.Position{r.first.Position, field.Position}, "%s must select only one top level field.", r.name)
		return false
	}
	return true
}

// included decides @skip and @include.
func (r *rootFields) included(directives ast.DirectiveList) bool {
	for _, directive := range directives {
		if directive.Name != "skip" && directive.Name != "include" {
			continue
		}
		condition := directive.Arguments.ForName("if").Value
		if condition.Kind == ast.Variable {
			r.validation.problems.add(directive.Position,
				"%s must not use a variable in @%s at its top level field: use it on the fields below.", r.name, directive.Name)
			return false
		}
		if (condition.Raw == "true") == (directive.Name == "skip") {
			return false
		}
	}
	return true
}
