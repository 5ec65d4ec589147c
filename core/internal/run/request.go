package run

import (
	"context"
	"encoding/json"

	"github.com/fanql/fanql/core/internal/hooks"
	"github.com/fanql/fanql/ports"
)

// Prepared is a request that can be executed any number of times.
type Prepared struct {
	document  *document
	operation ports.OperationDefinition
	bound     ports.BoundOperation
}

// Kind is the kind of the operation.
func (p *Prepared) Kind() ports.OperationKind { return p.operation.Kind() }

// Admit asks OnSubscribe about a client's request, in which the trusted document is
// found that it may name. The error is the hook's.
func (r *Runner) Admit(ctx context.Context, x *Execution, request ports.Request) (admitted ports.Request, errs ports.ResponseErrors, err error) {
	if admitted, errs = r.trusted.resolve(request); errs != nil {
		return admitted, errs, nil
	}
	admitted, err = r.Calls.Subscribe(With(ctx, x), admitted)
	return admitted, nil, err
}

// Prepare makes an admitted request ready for its execution: document, operation,
// variables.
func (r *Runner) Prepare(ctx context.Context, request ports.Request) (*Prepared, ports.ResponseErrors) {
	document, errs := r.documents.get(ctx, request.Query)
	if errs != nil {
		return nil, errs
	}
	return r.bind(ctx, document, request)
}

// PrepareStored reads the request that a subscription's row has kept, once for as
// long as it is in the cache.
func (r *Runner) PrepareStored(ctx context.Context, stored []byte) (*Prepared, ports.ResponseErrors) {
	if kept := r.documents.request(stored); kept != nil {
		return kept, nil
	}
	request, err := decodeRequest(stored)
	if err != nil {
		return nil, ports.NewResponseErrors(hooks.InternalError) // of a version that this one cannot read
	}
	document, errs := r.documents.getAtOnce(request.Query)
	if errs != nil {
		return nil, errs
	}
	p, errs := r.bind(ctx, document, request)
	if errs != nil {
		return nil, errs
	}
	r.documents.keepRequest(stored, p)
	return p, nil
}

// Keep keeps the request of a subscription for PrepareStored.
func (r *Runner) Keep(stored []byte, p *Prepared) { r.documents.keepRequest(stored, p) }

func (r *Runner) bind(ctx context.Context, document *document, request ports.Request) (*Prepared, ports.ResponseErrors) {
	operation, errs := document.Operation(request.OperationName)
	if errs != nil {
		return nil, errs
	}
	bound, errs := operation.Bind(ctx, request.Variables, r.Calls.Public)
	if errs != nil {
		return nil, errs
	}
	return &Prepared{document, operation, bound}, nil
}

// storedRequest is what a subscription's row keeps of its request.
type storedRequest struct {
	Query         string          `json:"query"`
	OperationName string          `json:"operationName,omitempty"`
	Variables     json.RawMessage `json:"variables,omitempty"`
}

// EncodeRequest makes equal requests equal bytes: deliveries share an execution
// by them.
func EncodeRequest(request ports.Request) ([]byte, error) {
	return json.Marshal(storedRequest{request.Query, request.OperationName, request.Variables})
}

func decodeRequest(encoded []byte) (ports.Request, error) {
	var stored storedRequest
	err := json.Unmarshal(encoded, &stored)
	return ports.Request{Query: stored.Query, OperationName: stored.OperationName, Variables: stored.Variables}, err
}
