//go:build e2e

package audits

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/gqlerrors"
	"github.com/graphql-go/graphql/language/ast"
	"github.com/graphql-go/graphql/language/parser"

	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/ports"
)

// newExecutor makes what the audits are run against.
func newExecutor(t *testing.T) graphqlhttp.Executor {
	t.Helper()
	hello := graphql.Fields{"hello": &graphql.Field{Type: graphql.String}}
	schema, err := graphql.NewSchema(graphql.SchemaConfig{
		Query:    graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: hello}),
		Mutation: graphql.NewObject(graphql.ObjectConfig{Name: "Mutation", Fields: hello}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return executor{schema}
}

// executor is the least that can stand where the engine does.
type executor struct{ schema graphql.Schema }

func (e executor) Execute(ctx context.Context, request ports.Request) (ports.Response, error) {
	document, err := parser.Parse(parser.ParseParams{Source: request.Query})
	if err != nil {
		return unexecuted(ports.Rejected, gqlerrors.FormatErrors(err))
	}
	if validation := graphql.ValidateDocument(&e.schema, document, nil); !validation.IsValid {
		return unexecuted(ports.Rejected, validation.Errors)
	}
	if request.ReadOnly && !isQuery(document, request.OperationName) {
		return unexecuted(ports.NotAllowed, []gqlerrors.FormattedError{{Message: "GET is for queries only"}})
	}
	var variables map[string]any
	if len(request.Variables) != 0 {
		if err := json.Unmarshal(request.Variables, &variables); err != nil {
			return ports.Response{}, err
		}
	}
	result := graphql.Execute(graphql.ExecuteParams{
		Schema: e.schema, AST: document, OperationName: request.OperationName, Args: variables, Context: ctx,
	})
	// No field of the schema can fail, so without data nothing was executed.
	if result.Data == nil {
		return unexecuted(ports.Rejected, result.Errors)
	}
	body, err := json.Marshal(result)
	return ports.Response{Body: body}, err
}

// isQuery says whether every operation that the name may mean is a query.
func isQuery(document *ast.Document, name string) bool {
	for _, definition := range document.Definitions {
		operation, ok := definition.(*ast.OperationDefinition)
		if !ok || name != "" && (operation.Name == nil || operation.Name.Value != name) {
			continue
		}
		if operation.Operation != ast.OperationTypeQuery {
			return false
		}
	}
	return true
}

// unexecuted is a response without data, as the specification has it for
// requests that were not executed.
func unexecuted(outcome ports.Outcome, errors []gqlerrors.FormattedError) (ports.Response, error) {
	body, err := json.Marshal(map[string]any{"errors": errors})
	return ports.Response{Outcome: outcome, Body: body}, err
}
