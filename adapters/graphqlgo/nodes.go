package graphqlgo

import (
	nodes "github.com/graphql-go/graphql/language/ast"
	"github.com/graphql-go/graphql/language/kinds"
	"github.com/graphql-go/graphql/language/source"
	"github.com/vektah/gqlparser/v2/ast"
)

// nodeTree is a document in graphql-go's own nodes, as resolvers see them.
type nodeTree struct {
	source     *source.Source
	fields     map[*ast.Field]*nodes.Field
	operations map[*ast.OperationDefinition]*nodes.OperationDefinition
	fragments  map[string]nodes.Definition
}

func newNodeTree(parsed *ast.QueryDocument, text string) *nodeTree {
	t := &nodeTree{
		source:     source.NewSource(&source.Source{Body: []byte(text), Name: "GraphQL request"}),
		fields:     map[*ast.Field]*nodes.Field{},
		operations: make(map[*ast.OperationDefinition]*nodes.OperationDefinition, len(parsed.Operations)),
		fragments:  make(map[string]nodes.Definition, len(parsed.Fragments)),
	}
	for _, fragment := range parsed.Fragments {
		t.fragments[fragment.Name] = &nodes.FragmentDefinition{
			Kind:          kinds.FragmentDefinition,
			Loc:           t.location(fragment.Position),
			Name:          t.name(fragment.Name, fragment.Position),
			TypeCondition: t.named(fragment.TypeCondition, fragment.Position),
			Directives:    t.directives(fragment.Directives),
			SelectionSet:  t.selectionSet(fragment.SelectionSet, fragment.Position),
		}
	}
	for _, operation := range parsed.Operations {
		t.operations[operation] = t.operation(operation)
	}
	return t
}

func (t *nodeTree) operation(operation *ast.OperationDefinition) *nodes.OperationDefinition {
	node := &nodes.OperationDefinition{
		Kind:         kinds.OperationDefinition,
		Loc:          t.location(operation.Position),
		Operation:    string(operation.Operation),
		Directives:   t.directives(operation.Directives),
		SelectionSet: t.selectionSet(operation.SelectionSet, operation.Position),
	}
	if operation.Name != "" {
		node.Name = t.name(operation.Name, operation.Position)
	}
	for _, variable := range operation.VariableDefinitions {
		definition := &nodes.VariableDefinition{
			Kind:     kinds.VariableDefinition,
			Loc:      t.location(variable.Position),
			Variable: t.variable(variable.Variable, variable.Position),
			Type:     t.typeOf(variable.Type),
		}
		if variable.DefaultValue != nil {
			definition.DefaultValue = t.value(variable.DefaultValue)
		}
		node.VariableDefinitions = append(node.VariableDefinitions, definition)
	}
	return node
}

func (t *nodeTree) selectionSet(set ast.SelectionSet, at *ast.Position) *nodes.SelectionSet {
	if set == nil {
		return nil
	}
	node := &nodes.SelectionSet{Kind: kinds.SelectionSet, Loc: t.location(at), Selections: make([]nodes.Selection, len(set))}
	for i, selection := range set {
		node.Selections[i] = t.selection(selection)
	}
	return node
}

func (t *nodeTree) selection(selection ast.Selection) nodes.Selection {
	switch selection := selection.(type) {
	case *ast.Field:
		return t.field(selection)
	case *ast.FragmentSpread:
		return &nodes.FragmentSpread{
			Kind:       kinds.FragmentSpread,
			Loc:        t.location(selection.Position),
			Name:       t.name(selection.Name, selection.Position),
			Directives: t.directives(selection.Directives),
		}
	default:
		inline := selection.(*ast.InlineFragment)
		node := &nodes.InlineFragment{
			Kind:         kinds.InlineFragment,
			Loc:          t.location(inline.Position),
			Directives:   t.directives(inline.Directives),
			SelectionSet: t.selectionSet(inline.SelectionSet, inline.Position),
		}
		if inline.TypeCondition != "" {
			node.TypeCondition = t.named(inline.TypeCondition, inline.Position)
		}
		return node
	}
}

func (t *nodeTree) field(field *ast.Field) *nodes.Field {
	node := &nodes.Field{
		Kind:         kinds.Field,
		Loc:          t.location(field.Position),
		Name:         t.name(field.Name, field.Position),
		Arguments:    t.arguments(field.Arguments),
		Directives:   t.directives(field.Directives),
		SelectionSet: t.selectionSet(field.SelectionSet, field.Position),
	}
	if field.Alias != field.Name {
		node.Alias = t.name(field.Alias, field.Position)
	}
	t.fields[field] = node
	return node
}

func (t *nodeTree) arguments(arguments ast.ArgumentList) []*nodes.Argument {
	if len(arguments) == 0 {
		return nil
	}
	list := make([]*nodes.Argument, len(arguments))
	for i, argument := range arguments {
		list[i] = &nodes.Argument{
			Kind:  kinds.Argument,
			Loc:   t.location(argument.Position),
			Name:  t.name(argument.Name, argument.Position),
			Value: t.value(argument.Value),
		}
	}
	return list
}

func (t *nodeTree) directives(directives ast.DirectiveList) []*nodes.Directive {
	if len(directives) == 0 {
		return nil
	}
	list := make([]*nodes.Directive, len(directives))
	for i, directive := range directives {
		list[i] = &nodes.Directive{
			Kind:      kinds.Directive,
			Loc:       t.location(directive.Position),
			Name:      t.name(directive.Name, directive.Position),
			Arguments: t.arguments(directive.Arguments),
		}
	}
	return list
}

func (t *nodeTree) typeOf(of *ast.Type) nodes.Type {
	var node nodes.Type
	if of.Elem != nil {
		node = &nodes.List{Kind: kinds.List, Loc: t.location(of.Position), Type: t.typeOf(of.Elem)}
	} else {
		node = t.named(of.NamedType, of.Position)
	}
	if of.NonNull {
		return &nodes.NonNull{Kind: kinds.NonNull, Loc: t.location(of.Position), Type: node}
	}
	return node
}

func (t *nodeTree) named(name string, at *ast.Position) *nodes.Named {
	return &nodes.Named{Kind: kinds.Named, Loc: t.location(at), Name: t.name(name, at)}
}

func (t *nodeTree) variable(name string, at *ast.Position) *nodes.Variable {
	return &nodes.Variable{Kind: kinds.Variable, Loc: t.location(at), Name: t.name(name, at)}
}

func (t *nodeTree) name(name string, at *ast.Position) *nodes.Name {
	return &nodes.Name{Kind: kinds.Name, Loc: t.location(at), Value: name}
}

func (t *nodeTree) location(at *ast.Position) *nodes.Location {
	if at == nil {
		return &nodes.Location{Source: t.source}
	}
	return &nodes.Location{Start: at.Start, End: at.End, Source: t.source}
}
