package graphqlgo

import (
	"context"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/input"
	"github.com/fanql/fanql/ports"
)

// operation is an operation of a document, with the plans that were made of it.
type operation struct {
	document   *queryDocument
	definition *ast.OperationDefinition
	root       *object
	// conditions are the variables that @skip and @include depend on. They are found
	// when the operation is bound: several operations may spread the same fragments.
	conditions func() []string

	mutex sync.Mutex
	plans map[string]*plan // by the values of the conditions
}

// maxPlans is how many plans of an operation are kept. An operation has more than
// one only if variables decide about its selections.
const maxPlans = 16

var _ ports.OperationDefinition = (*operation)(nil)

func newOperation(d *queryDocument, definition *ast.OperationDefinition) *operation {
	return &operation{
		document:   d,
		definition: definition,
		root:       d.schema.root[definition.Operation],
		conditions: sync.OnceValue(func() []string { return conditions(definition) }),
		plans:      map[string]*plan{},
	}
}

// Kind is query, mutation or subscription.
func (o *operation) Kind() ports.OperationKind { return ports.OperationKind(o.definition.Operation) }

// Name is the operation's name in the document.
func (o *operation) Name() string { return o.definition.Name }

// Bind coerces the variables.
func (o *operation) Bind(ctx context.Context, variables []byte, format ports.ErrorFormat) (ports.BoundOperation, ports.ResponseErrors) {
	s := o.document.schema
	values, errs := input.Variables(ctx, s.types, o.definition, variables, s.leaves, format)
	if errs != nil {
		return nil, errs
	}
	return &bound{operation: o, plan: o.plan(values), variables: values}, nil
}

// plan finds or makes the plan for the values of the conditions.
func (o *operation) plan(variables map[string]any) *plan {
	conditions := o.conditions()
	decisions := make([]byte, len(conditions))
	for i, name := range conditions {
		switch variables[name] {
		case true:
			decisions[i] = 't'
		case false:
			decisions[i] = 'f'
		}
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if known := o.plans[string(decisions)]; known != nil {
		return known
	}
	made := newPlan(o, variables)
	if len(o.plans) < maxPlans && o.document.keeps(made.root) {
		o.plans[string(decisions)] = made
	}
	return made
}

// bound is an operation with its variables.
type bound struct {
	operation *operation
	plan      *plan
	variables map[string]any // coerced, only read
}

var _ ports.BoundOperation = (*bound)(nil)

// Cost is about the bytes that the variables take.
func (b *bound) Cost() int { return input.Size(b.variables) }

// conditions finds the variables that @skip and @include of an operation depend on.
func conditions(definition *ast.OperationDefinition) []string {
	c := conditionFinder{seen: map[string]bool{}, fragments: map[*ast.FragmentDefinition]bool{}}
	c.selectionSet(definition.SelectionSet)
	return c.names
}

type conditionFinder struct {
	names     []string
	seen      map[string]bool
	fragments map[*ast.FragmentDefinition]bool
}

func (c *conditionFinder) selectionSet(set ast.SelectionSet) {
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			c.directives(selection.Directives)
			c.selectionSet(selection.SelectionSet)
		case *ast.InlineFragment:
			c.directives(selection.Directives)
			c.selectionSet(selection.SelectionSet)
		case *ast.FragmentSpread:
			c.directives(selection.Directives)
			if !c.fragments[selection.Definition] {
				c.fragments[selection.Definition] = true
				c.selectionSet(selection.Definition.SelectionSet)
			}
		}
	}
}

func (c *conditionFinder) directives(directives ast.DirectiveList) {
	for _, directive := range directives {
		if name := conditionOf(directive); name != "" && !c.seen[name] {
			c.seen[name] = true
			c.names = append(c.names, name)
		}
	}
}

// conditionOf is the variable that a directive depends on, if it is @skip or
// @include and depends on one.
func conditionOf(directive *ast.Directive) string {
	if directive.Name != "skip" && directive.Name != "include" {
		return ""
	}
	if condition := directive.Arguments.ForName("if"); condition.Value.Kind == ast.Variable {
		return condition.Value.Raw
	}
	return ""
}
