//go:build integration

package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fanql/fanql/internal/cloudlocal"
	"github.com/fanql/fanql/internal/dynamolocal"
)

// TestStack: one name stands for the tables. CloudFormation runs on AWS only, and
// cloudlocal stands in for it.
func TestStack(t *testing.T) {
	t.Parallel()
	s, backend := onTables(t)
	tables := backend.Tables()
	server := httptest.NewServer(&cloudlocal.Cloud{Outputs: map[string]string{
		"ConnectionsTableName": tables.Connections, "SubscriptionsTableName": tables.Subscriptions, "EventsTableName": tables.Events,
	}})
	defer server.Close()
	on := shell{env: map[string]string{
		"AWS_REGION": dynamolocal.Region, "AWS_ENDPOINT_URL_DYNAMODB": s.env["AWS_ENDPOINT_URL_DYNAMODB"],
		"AWS_ENDPOINT_URL_CLOUDFORMATION": server.URL,
	}}
	if wrong, _ := findings(t, on.with("FANQL_STACK", cloudlocal.Stack)); len(wrong) > 0 {
		t.Errorf("%q is wrong on the tables that the stack names", wrong)
	}
	// What is set goes before what the stack says.
	wrong, _ := findings(t, on.with("FANQL_STACK", cloudlocal.Stack).with("FANQL_EVENTS_TABLE", "another"))
	if len(wrong) != 1 || !strings.HasPrefix(wrong[0], "There is no table another ") {
		t.Errorf("wrong is %q, want the table that is set", wrong)
	}
	r := on.run(t.Context(), "-stack", "none", "who", "t")
	if r.code != codeMisused || !strings.Contains(r.log, "describing the stack of -stack (FANQL_STACK)") {
		t.Errorf("another stack: exit code %d, %q", r.code, r.log)
	}
}
