//go:build e2e

package apigw

import (
	"net/http/httptest"
	"testing"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/apigw/local"
	"github.com/fanql/fanql/adapters/graphqlhttp"
	"github.com/fanql/fanql/internal/must"
)

// TestAuditsThroughLambda holds the Lambda path of GraphQL over HTTP to the
// audits of the npm package graphql-http, as e2e/audits does the server's.
func TestAuditsThroughLambda(t *testing.T) {
	t.Parallel()
	engine := newEngine(t, setup{}, nil)
	handler, err := apigw.NewHandler(apigw.HandlerConfig{HTTP: must.Make(graphqlhttp.NewHandler(engine, graphqlhttp.Config{}))})
	if err != nil {
		t.Fatal(err)
	}
	api, err := local.NewHTTPAPI(local.HTTPConfig{Function: handler})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(api)
	defer server.Close()

	var results []struct{ ID, Name, Status, Reason string }
	if err := node(t.Context(), &results, "audits.mjs", server.URL); err != nil {
		t.Fatal(err)
	}
	if len(results) < 60 {
		t.Fatalf("%d audits were run, want all 61", len(results))
	}
	for _, result := range results {
		if result.Status != "ok" {
			t.Errorf("%s: %s: %s", result.ID, result.Name, result.Reason)
		}
	}
}
