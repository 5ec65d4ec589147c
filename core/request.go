package core

import (
	"encoding/json"

	"github.com/graphql-go/graphql/language/ast"

	"github.com/fanql/fanql/ports"
)

// prepared is a request that can be executed any number of times.
type prepared struct {
	document  *document
	operation *ast.OperationDefinition
	name      string
	variables map[string]any
}

func (p *prepared) kind() string { return p.operation.Operation }

// operationName is the document's own name for the operation; empty without one.
func (p *prepared) operationName() string {
	if p.operation.Name == nil {
		return ""
	}
	return p.operation.Name.Value
}

// prepare reads a request: document, operation, variables.
func (e *Engine) prepare(request ports.Request) (*prepared, responseErrors) {
	parsed, errs := e.documents.get(request.Query)
	if errs != nil {
		return nil, errs
	}
	operation, err := parsed.operation(request.OperationName)
	if err != nil {
		return nil, newErrors(err.Error())
	}
	var variables map[string]any
	if len(request.Variables) > 0 {
		if err := json.Unmarshal(request.Variables, &variables); err != nil {
			return nil, newErrors("variables must be a JSON object")
		}
	}
	return &prepared{document: parsed, operation: operation, name: request.OperationName, variables: variables}, nil
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
