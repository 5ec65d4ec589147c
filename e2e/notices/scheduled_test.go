//go:build e2e

package notices

import (
	"slices"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/adapters/apigw/local/runtime"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/e2e/internal/program"
	"github.com/fanql/fanql/internal/dynamolocal"
)

// TestScheduled: an invocation of the function, as the schedule makes it, puts its event
// into the table whose stream delivers.
func TestScheduled(t *testing.T) {
	t.Parallel()
	database, err := dynamolocal.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(database.Stop)
	tables := dynamodb.Tables{Connections: "connections", Subscriptions: "subscriptions", Events: "events"}
	backend, err := dynamodb.New(dynamodb.Config{Client: database.Client(), Tables: tables})
	if err == nil {
		err = backend.CreateTables(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	function, err := runtime.New(runtime.Config{
		Program: program.Build(t, "examples/notices/scheduled", "-tags=lambda.norpc"),
		Env: []string{
			"AWS_ENDPOINT_URL_DYNAMODB=" + database.Endpoint(), "FANQL_CONNECTIONS_TABLE=" + tables.Connections,
			"FANQL_SUBSCRIPTIONS_TABLE=" + tables.Subscriptions, "FANQL_EVENTS_TABLE=" + tables.Events,
		},
		Output: t.Output(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(function.Close)

	if _, err := function.Invoke(t.Context(), []byte(`{"tenant": "acme", "at": "2026-11-29T07:00:00Z"}`)); err != nil {
		t.Fatal(err)
	}
	consistent := true
	rows, err := database.Client().Scan(t.Context(), &sdk.ScanInput{TableName: &tables.Events, ConsistentRead: &consistent})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, row := range rows.Items {
		topic, _ := row["id"].(*types.AttributeValueMemberS)
		published, _ := row["events"].(*types.AttributeValueMemberL)
		if topic == nil || published == nil {
			continue
		}
		for _, one := range published.Value {
			payload, _ := one.(*types.AttributeValueMemberM).Value["payload"].(*types.AttributeValueMemberB)
			got = append(got, topic.Value+" "+string(payload.Value))
		}
	}
	want := []string{`tenant/acme/board/news {"id":"2026-11-29T07:00:00Z","text":"The report is ready."}`}
	if !slices.Equal(got, want) {
		t.Errorf("the table has %q, want %q", got, want)
	}
}
