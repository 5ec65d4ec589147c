package graphqlgo

import (
	"encoding/json"
	"sync/atomic"

	"github.com/graphql-go/graphql"
	nodes "github.com/graphql-go/graphql/language/ast"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fanql/fanql/internal/graphql/input"
	"github.com/fanql/fanql/ports"
)

// plan is how an operation is executed, for given values of the variables that
// decide about its selections. What is below the root is planned as it is met.
type plan struct {
	document  *queryDocument
	nodes     *nodeTree
	operation *nodes.OperationDefinition
	variables map[string]any // the values that @skip and @include have
	root      *selection
}

// selection is what is executed of an object of one type.
type selection struct {
	object *object
	fields []fieldPlan
	// failure is why nothing can be selected; nil if it can.
	failure *ports.ResponseError
}

// fieldPlan is a field of a selection, with all that were merged into it.
type fieldPlan struct {
	*field
	key       string // in the response
	prefix    []byte // the key as it is written, with the comma before it
	typename  []byte // the value of __typename, of such a field
	isRoot    bool
	info      graphql.ResolveInfo   // but for what differs between calls
	path      *graphql.ResponsePath // nil below a list
	arguments *input.Template
	locations []ports.Location
	merged    []*ast.Field
	plan      *plan
	// selections are what is executed of its objects, by their types.
	selections atomic.Pointer[[]*selection]
}

// failed is what the engine is asked about an error of user code.
func (f *fieldPlan) failed(err error) error {
	return &ports.FieldError{Field: f.info.ParentType.Name() + "." + f.info.FieldName, Err: unwrapped(err)}
}

func newPlan(o *operation, variables map[string]any) *plan {
	tree := o.document.nodes()
	decided := map[string]any{}
	for _, name := range o.conditions() {
		decided[name] = variables[name]
	}
	p := &plan{document: o.document, nodes: tree, operation: tree.operations[o.definition], variables: decided}
	p.root = p.selection(o.root, nil, []ast.SelectionSet{o.definition.SelectionSet})
	for i := range p.root.fields {
		p.root.fields[i].isRoot = true
	}
	return p
}

// selection plans the selection sets of an object's fields, together; above is the
// field whose value the object is.
func (p *plan) selection(of *object, above *fieldPlan, sets []ast.SelectionSet) *selection {
	collected, null := p.collect(of, sets)
	if null != nil {
		return &selection{object: of, failure: &ports.ResponseError{
			Message:   `Argument "if" of non-null type "Boolean!" must not be null.`,
			Locations: []ports.Location{{Line: null.Position.Line, Column: null.Position.Column}},
		}}
	}
	s := &selection{object: of, fields: make([]fieldPlan, len(collected))}
	for i, merged := range collected {
		p.field(&s.fields[i], of, above, merged)
	}
	return s
}

func (p *plan) field(f *fieldPlan, of *object, above *fieldPlan, merged []*ast.Field) {
	first := merged[0]
	f.key, f.merged, f.plan = first.Alias, merged, p
	f.prefix = append(append([]byte{','}, encodeName(first.Alias)...), ':')
	if first.Name == "__typename" {
		f.typename = encodeName(of.name)
		return
	}
	f.field = of.field(first.Name)
	f.arguments = p.argumentsOf(f.field, first)
	f.info = graphql.ResolveInfo{
		FieldName:  f.name,
		ReturnType: f.returns,
		ParentType: of.source,
		Schema:     p.document.schema.source,
		Fragments:  p.nodes.fragments,
		Operation:  p.operation,
		FieldASTs:  make([]*nodes.Field, len(merged)),
	}
	f.locations = make([]ports.Location, len(merged))
	for i, one := range merged {
		f.info.FieldASTs[i] = p.nodes.fields[one]
		f.locations[i] = ports.Location{Line: one.Position.Line, Column: one.Position.Column}
	}
	if above == nil {
		f.path = &graphql.ResponsePath{Key: f.key}
	} else if above.path != nil && above.output.item == nil {
		f.path = above.path.WithKey(f.key)
	}
}

// argumentsOf coerces what is constant in the arguments. They were checked when the
// document was prepared, against the field of the type that the document names: an
// object that implements it may have more arguments.
func (p *plan) argumentsOf(f *field, first *ast.Field) *input.Template {
	if len(first.Arguments) == 0 {
		return f.arguments
	}
	if first.Definition == f.definition {
		return p.document.templates[first]
	}
	template, errs := input.NewTemplate(p.document.schema.types, f.definition.Arguments, first.Arguments, p.document.schema.leaves)
	if errs != nil {
		return p.document.templates[first]
	}
	return template
}

// of is what is executed of an object that is the value of the field.
func (f *fieldPlan) of(o *object) *selection {
	known := f.selections.Load()
	if s := find(known, o); s != nil {
		return s
	}
	sets := make([]ast.SelectionSet, len(f.merged))
	for i, one := range f.merged {
		sets[i] = one.SelectionSet
	}
	made := f.plan.selection(o, f, sets)
	if !f.plan.document.keeps(made) {
		return made
	}
	for {
		next := []*selection{made}
		if known != nil {
			next = append(next, *known...)
		}
		if f.selections.CompareAndSwap(known, &next) {
			return made
		}
		known = f.selections.Load()
		if s := find(known, o); s != nil {
			return s
		}
	}
}

func find(known *[]*selection, o *object) *selection {
	if known == nil {
		return nil
	}
	for _, s := range *known {
		if s.object == o {
			return s
		}
	}
	return nil
}

func encodeName(name string) []byte {
	encoded, _ := json.Marshal(name) // a name is always letters and digits
	return encoded
}
