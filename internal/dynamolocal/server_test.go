//go:build integration

package dynamolocal_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/internal/dynamolocal"
)

func TestServer(t *testing.T) {
	server, err := dynamolocal.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	tables, err := server.Client().ListTables(t.Context(), &dynamodb.ListTablesInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(tables.TableNames) != 0 {
		t.Errorf("a new server has the tables %q", tables.TableNames)
	}
	server.Stop()
	server.Stop()
	once := func(o *dynamodb.Options) { o.RetryMaxAttempts = 1 }
	if _, err := server.Client(once).ListTables(t.Context(), &dynamodb.ListTablesInput{}); err == nil {
		t.Errorf("the server still answers after Stop")
	}
}
