package porttest

import (
	"context"
	"testing"

	"github.com/fanql/fanql/ports"
)

func TestSchemaChecks(t *testing.T) {
	prove(t, schemaChecks(), schemaFaults(), func(t *testing.T, breaks func(*brokenSchema)) schemaFixture {
		b := newBrokenSchema(newGraph(t))
		breaks(b)
		return schemaFixture{Schema: b}
	})
}

// brokenSchema is a schema of which each method, and each method of what it
// returns, can be replaced. The replacement is given the whole one.
type brokenSchema struct {
	whole     ports.Schema
	prepare   func(document string, limits ports.Limits) (ports.Document, ports.ResponseErrors)
	operation func(whole ports.Document, name string) (ports.OperationDefinition, ports.ResponseErrors)
	cost      func(whole ports.Document) int
	kind      func(whole ports.OperationDefinition) ports.OperationKind
	name      func(whole ports.OperationDefinition) string
	bind      func(whole ports.OperationDefinition, variables []byte, format ports.ErrorFormat) (ports.BoundOperation, ports.ResponseErrors)
	subscribe func(ctx context.Context, whole ports.BoundOperation, format ports.ErrorFormat) ports.ResponseErrors
	execute   func(ctx context.Context, whole ports.BoundOperation, call ports.Call) ports.Result
	boundCost func(whole ports.BoundOperation) int
}

func newBrokenSchema(whole ports.Schema) *brokenSchema {
	return &brokenSchema{
		whole:     whole,
		prepare:   whole.Prepare,
		operation: ports.Document.Operation,
		cost:      ports.Document.Cost,
		kind:      ports.OperationDefinition.Kind,
		name:      ports.OperationDefinition.Name,
		bind: func(whole ports.OperationDefinition, variables []byte, format ports.ErrorFormat) (ports.BoundOperation, ports.ResponseErrors) {
			return whole.Bind(context.Background(), variables, format)
		},
		subscribe: func(ctx context.Context, whole ports.BoundOperation, format ports.ErrorFormat) ports.ResponseErrors {
			return whole.Subscribe(ctx, format)
		},
		execute: func(ctx context.Context, whole ports.BoundOperation, call ports.Call) ports.Result {
			return whole.Execute(ctx, call)
		},
		boundCost: ports.BoundOperation.Cost,
	}
}

func (b *brokenSchema) Prepare(document string, limits ports.Limits) (ports.Document, ports.ResponseErrors) {
	prepared, errs := b.prepare(document, limits)
	return brokenDocument{prepared, b}, errs
}

type brokenDocument struct {
	whole ports.Document
	by    *brokenSchema
}

func (d brokenDocument) Cost() int { return d.by.cost(d.whole) }

func (d brokenDocument) Operation(name string) (ports.OperationDefinition, ports.ResponseErrors) {
	operation, errs := d.by.operation(d.whole, name)
	return brokenOperation{operation, d.by}, errs
}

type brokenOperation struct {
	whole ports.OperationDefinition
	by    *brokenSchema
}

func (o brokenOperation) Kind() ports.OperationKind { return o.by.kind(o.whole) }
func (o brokenOperation) Name() string              { return o.by.name(o.whole) }

func (o brokenOperation) Bind(_ context.Context, variables []byte, format ports.ErrorFormat) (ports.BoundOperation, ports.ResponseErrors) {
	bound, errs := o.by.bind(o.whole, variables, format)
	return brokenBound{bound, o.by}, errs
}

type brokenBound struct {
	whole ports.BoundOperation
	by    *brokenSchema
}

func (b brokenBound) Cost() int { return b.by.boundCost(b.whole) }

func (b brokenBound) Subscribe(ctx context.Context, format ports.ErrorFormat) ports.ResponseErrors {
	return b.by.subscribe(ctx, b.whole, format)
}

func (b brokenBound) Execute(ctx context.Context, call ports.Call) ports.Result {
	return b.by.execute(ctx, b.whole, call)
}
