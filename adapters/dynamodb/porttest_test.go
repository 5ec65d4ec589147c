//go:build integration

package dynamodb_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

func TestStoreContract(t *testing.T) {
	tables := newTables(t)
	store := func(clock *porttest.Clock) porttest.Store {
		return newBackend(t, dynamodb.Config{Tables: tables, Now: clock.Now})
	}
	porttest.TestStore(t, porttest.StoreAdapter{
		New:      func(_ *testing.T, clock *porttest.Clock) porttest.Store { return store(clock) },
		Reopen:   func(_ *testing.T, clock *porttest.Clock, _ porttest.Store) porttest.Store { return store(clock) },
		TooLarge: 400 << 10,
	})
}

// newBackend makes a backend on the package's server, unless it is given another
// client.
func newBackend(t *testing.T, config dynamodb.Config) *dynamodb.Backend {
	t.Helper()
	if config.Client == nil {
		config.Client = server.Client()
	}
	backend, err := dynamodb.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return backend
}

// newTables creates tables that no other test uses.
func newTables(t *testing.T) dynamodb.Tables {
	t.Helper()
	backend := newBackend(t, dynamodb.Config{Prefix: rand.Text() + "."})
	tables := backend.Tables()
	if err := backend.CreateTables(t.Context()); err != nil {
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
			return newBackend(t, dynamodb.Config{Tables: tables}), newSource(tables.Events)
		},
		TooLarge: 400 << 10,
		Lacks:    []string{"Capacity"},
	})
}

func TestHistoryContract(t *testing.T) {
	tables := newTables(t)
	history := func(clock *porttest.Clock) ports.History {
		return newBackend(t, dynamodb.Config{Tables: tables, Now: clock.Now})
	}
	adapter := porttest.HistoryAdapter{
		New:      func(_ *testing.T, clock *porttest.Clock) ports.History { return history(clock) },
		Reopen:   func(_ *testing.T, clock *porttest.Clock, _ ports.History) ports.History { return history(clock) },
		TooLarge: 400 << 10,
	}
	adapter.Lose = func(_ *testing.T, clock *porttest.Clock, _ ports.History, _ ports.Topic) {
		clock.Advance(48 * time.Hour)
	}
	t.Run("rows that have expired", func(t *testing.T) { porttest.TestHistory(t, adapter) })
	adapter.Lose = func(t *testing.T, clock *porttest.Clock, _ ports.History, topic ports.Topic) {
		clock.Advance(48 * time.Hour)
		for _, row := range historyRows(t, tables, topic) {
			remove(t, tables.Subscriptions, row)
		}
	}
	t.Run("rows that are deleted", func(t *testing.T) { porttest.TestHistory(t, adapter) })
}
