//go:build integration

package dynamodb_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/ports"
)

// otherTable makes a table with a partition key that none of this package's has.
func otherTable(t *testing.T) string {
	t.Helper()
	name, key := rand.Text(), "other"
	_, err := server.Client().CreateTable(t.Context(), &sdk.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: &key, KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS}},
	})
	success(t, err)
	t.Cleanup(func() {
		if _, err := server.Client().DeleteTable(context.Background(), &sdk.DeleteTableInput{TableName: &name}); err != nil {
			t.Error(err)
		}
	})
	return name
}

// TestErrorsNameTheTableThatIsWrong makes every call on tables that are missing or
// somebody else's.
func TestErrorsNameTheTableThatIsWrong(t *testing.T) {
	good := newTables(t)
	for kind, wrong := range map[string]string{"missing": "nowhere", "with other keys": otherTable(t)} {
		connections, subscriptions, events := good, good, good
		connections.Connections, subscriptions.Subscriptions, events.Events = wrong, wrong, wrong
		for call, test := range map[string]struct {
			tables  dynamodb.Tables
			setting string
			do      func(*dynamodb.Backend) error
		}{
			"CreateConnection": {connections, "Connections", func(b *dynamodb.Backend) error {
				return b.CreateConnection(t.Context(), ports.Connection{Address: ports.Address{ID: "c"}, ExpiresAt: time.Now().Add(time.Hour)})
			}},
			"GetConnection": {connections, "Connections", func(b *dynamodb.Backend) error {
				_, err := b.GetConnection(t.Context(), "c")
				return err
			}},
			"DeleteConnection": {connections, "Connections", func(b *dynamodb.Backend) error {
				_, err := b.DeleteConnection(t.Context(), "c")
				return err
			}},
			"AddOperation": {connections, "Connections", func(b *dynamodb.Backend) error { return b.AddOperation(t.Context(), anOperation()) }},
			"AddOperation, its rows": {subscriptions, "Subscriptions", func(b *dynamodb.Backend) error {
				success(t, b.CreateConnection(t.Context(), ports.Connection{Address: ports.Address{ID: "c"}, ExpiresAt: time.Unix(1<<32, 0)}))
				return b.AddOperation(t.Context(), anOperation())
			}},
			"ListSubscribers": {subscriptions, "Subscriptions", func(b *dynamodb.Backend) error {
				_, err := b.ListSubscribers(t.Context(), "topic", ports.PageRequest{})
				return err
			}},
			"RemoveSubscribers": {subscriptions, "Subscriptions", func(b *dynamodb.Backend) error {
				return b.RemoveSubscribers(t.Context(), "topic", []ports.OperationRef{{Connection: "c", ID: "1"}})
			}},
			"SaveCheckpoint": {subscriptions, "Subscriptions", func(b *dynamodb.Backend) error {
				return b.SaveCheckpoint(t.Context(), "topic", ports.Checkpoint{ExpiresAt: time.Now().Add(time.Hour)})
			}},
			"LoadCheckpoint": {subscriptions, "Subscriptions", func(b *dynamodb.Backend) error {
				_, err := b.LoadCheckpoint(t.Context(), "topic")
				return err
			}},
			"Publish": {events, "Events", func(b *dynamodb.Backend) error { return b.Publish(t.Context(), ports.Event{Topic: "topic"}) }},
		} {
			t.Run(call+", "+kind, func(t *testing.T) {
				err := test.do(newBackend(t, dynamodb.Config{Tables: test.tables}))
				want := `"` + wrong + `" (dynamodb.Config.Tables.` + test.setting + `)`
				if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, ports.ErrTooLarge) {
					t.Errorf("got error %v, want %s in it", err, want)
				}
			})
		}
	}
}

func anOperation() ports.Operation {
	return ports.Operation{
		Ref: ports.OperationRef{Connection: "c", ID: "1"}, Address: ports.Address{ID: "c"}, Topics: []ports.Topic{"topic"},
		ReceivedAt: time.Unix(1<<31, 0), ExpiresAt: time.Unix(1<<32, 0),
	}
}
