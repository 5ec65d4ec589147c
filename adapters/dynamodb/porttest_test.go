//go:build integration

package dynamodb_test

import (
	"context"
	"crypto/rand"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

func TestStoreContract(t *testing.T) {
	tables := newTables(t)
	store := func(clock *porttest.Clock) porttest.Store {
		return dynamodb.NewStore(server.Client(), dynamodb.StoreConfig{Tables: tables, Now: clock.Now})
	}
	porttest.TestStore(t, porttest.StoreAdapter{
		New:      func(_ *testing.T, clock *porttest.Clock) porttest.Store { return store(clock) },
		Reopen:   func(_ *testing.T, clock *porttest.Clock, _ porttest.Store) porttest.Store { return store(clock) },
		TooLarge: 400 << 10,
	})
}

// newTables creates tables that no other test uses.
func newTables(t *testing.T) dynamodb.Tables {
	t.Helper()
	prefix := rand.Text()
	tables := dynamodb.Tables{
		Connections: prefix + ".connections", Subscriptions: prefix + ".subscriptions", Events: prefix + ".events",
	}
	if err := dynamodb.CreateTables(t.Context(), server.Client(), tables); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, name := range []string{tables.Connections, tables.Subscriptions, tables.Events} {
			if _, err := server.Client().DeleteTable(context.Background(), &sdk.DeleteTableInput{TableName: &name}); err != nil {
				t.Error(err)
			}
		}
	})
	return tables
}

func TestBusContract(t *testing.T) {
	porttest.TestBus(t, porttest.BusAdapter{
		New: func(t *testing.T) (ports.EventBus, ports.EventSource) {
			tables := newTables(t)
			return dynamodb.NewBus(server.Client(), dynamodb.BusConfig{Table: tables.Events}), newSource(tables.Events)
		},
		TooLarge: 400 << 10,
	})
}
