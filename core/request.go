package core

import (
	"context"
	"encoding/json"

	"github.com/fanql/fanql/ports"
)

// prepared is a request that can be executed any number of times.
type prepared struct {
	document  *document
	operation ports.OperationDefinition
	bound     ports.BoundOperation
}

// prepare reads a request of a client: document, operation, variables.
func (e *Engine) prepare(ctx context.Context, request ports.Request) (*prepared, ports.ResponseErrors) {
	document, errs := e.documents.get(ctx, request.Query)
	if errs != nil {
		return nil, errs
	}
	return e.bind(ctx, document, request)
}

// prepareStored reads the request that a subscription's row has kept, once for as
// long as it is in the cache.
func (e *Engine) prepareStored(ctx context.Context, stored []byte) (*prepared, ports.ResponseErrors) {
	if kept := e.documents.request(stored); kept != nil {
		return kept, nil
	}
	request, err := decodeRequest(stored)
	if err != nil {
		return nil, ports.NewResponseErrors(internalError) // of a version that this one cannot read
	}
	document, errs := e.documents.getAtOnce(request.Query)
	if errs != nil {
		return nil, errs
	}
	p, errs := e.bind(ctx, document, request)
	if errs != nil {
		return nil, errs
	}
	e.documents.keepRequest(stored, p)
	return p, nil
}

func (e *Engine) bind(ctx context.Context, document *document, request ports.Request) (*prepared, ports.ResponseErrors) {
	operation, errs := document.Operation(request.OperationName)
	if errs != nil {
		return nil, errs
	}
	bound, errs := operation.Bind(ctx, request.Variables, e.public)
	if errs != nil {
		return nil, errs
	}
	return &prepared{document, operation, bound}, nil
}

// storedRequest is what a subscription's row keeps of its request.
type storedRequest struct {
	Query         string          `json:"query"`
	OperationName string          `json:"operationName,omitempty"`
	Variables     json.RawMessage `json:"variables,omitempty"`
}

// encodeRequest makes equal requests equal bytes: deliveries share an execution
// by them.
func encodeRequest(request ports.Request) ([]byte, error) {
	return json.Marshal(storedRequest{request.Query, request.OperationName, request.Variables})
}

func decodeRequest(encoded []byte) (ports.Request, error) {
	var stored storedRequest
	err := json.Unmarshal(encoded, &stored)
	return ports.Request{Query: stored.Query, OperationName: stored.OperationName, Variables: stored.Variables}, err
}
