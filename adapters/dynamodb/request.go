package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"
)

// setting is the field of Tables that names a table.
type setting string

const (
	connectionsTable   setting = "Connections"
	subscriptionsTable setting = "Subscriptions"
	eventsTable        setting = "Events"
)

func (t Tables) name(of setting) string {
	return map[setting]string{connectionsTable: t.Connections, subscriptionsTable: t.Subscriptions, eventsTable: t.Events}[of]
}

// request makes a request of tables, and again while it is refused for now. The
// error names the tables where it is they that are wrong.
func (b *Backend) request(ctx context.Context, send func() error, tables ...setting) error {
	err := retry(ctx, b.random, send)
	if !wrongTable(err) {
		return err
	}
	names := make([]string, len(tables))
	for i, of := range tables {
		names[i] = fmt.Sprintf("%q (dynamodb.Config.Tables.%s)", b.tables.name(of), of)
	}
	return fmt.Errorf("no table %s, or not with the keys of docs/decisions/0006-dynamodb-layout.md: %w", strings.Join(names, " or "), err)
}

// wrongTable says whether a table is missing or has other keys. The API has no code
// for keys; the texts are those of DynamoDB, and of DynamoDB Local.
func wrongTable(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	if api.ErrorCode() == "ResourceNotFoundException" {
		return true
	}
	said := strings.ToLower(reasons(err))
	for _, text := range []string{
		"does not match the schema", "missing the key", "one of the required keys was not given",
		"missed key schema element", "number of conditions on the keys is invalid", "type mismatch for key",
		"condition not supported", "not a key attribute",
	} {
		if strings.Contains(said, text) {
			return true
		}
	}
	return false
}
