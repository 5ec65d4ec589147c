package dynamodb_test

import (
	"errors"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/ports"
)

func TestNewNamesTheFieldThatIsWrong(t *testing.T) {
	client := sdk.New(sdk.Options{})
	for field, config := range map[string]dynamodb.Config{
		"dynamodb.Config.Client is required":            {},
		"dynamodb.Config.EventTTL must not be negative": {Client: client, EventTTL: -1},
		`dynamodb.Config.Tables.Connections and Subscriptions are both "a", and have to be two tables`: {
			Client: client, Tables: dynamodb.Tables{Connections: "a", Subscriptions: "a"},
		},
		`dynamodb.Config.Tables.Connections and Events are both "a-events", and have to be two tables`: {
			Client: client, Prefix: "a-", Tables: dynamodb.Tables{Connections: "a-events"},
		},
		`dynamodb.Config.Tables.Subscriptions and Events are both "b", and have to be two tables`: {
			Client: client, Tables: dynamodb.Tables{Subscriptions: "b", Events: "b"},
		},
	} {
		_, err := dynamodb.New(config)
		var failed *ports.Error
		if !errors.As(err, &failed) || !errors.Is(err, ports.ErrInvalid) || !strings.HasSuffix(err.Error(), field) {
			t.Errorf("got error %v, want %q", err, field)
		}
	}
}

func TestPrefixComesBeforeDefaultNames(t *testing.T) {
	backend, err := dynamodb.New(dynamodb.Config{
		Client: sdk.New(sdk.Options{}), Prefix: "chat-", Tables: dynamodb.Tables{Events: "events-of-all"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := dynamodb.Tables{Connections: "chat-connections", Subscriptions: "chat-subscriptions", Events: "events-of-all"}
	if got := backend.Tables(); got != want {
		t.Errorf("the tables are %+v, want %+v", got, want)
	}
}
