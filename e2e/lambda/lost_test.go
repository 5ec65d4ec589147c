//go:build e2e

package lambda

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/e2e/internal/program"
)

// TestLostRowsCloseTheirConnections: where DynamoDB has lost its data, the next message
// of a client, a ping too, ends its socket, so that it connects afresh.
func TestLostRowsCloseTheirConnections(t *testing.T) {
	t.Parallel()
	c := startCloud(t)
	for _, test := range []struct {
		name, protocol string
		message        any
	}{
		{"ping", modern, map[string]any{"type": "ping"}},
		{"complete", modern, map[string]any{"type": "complete", "id": "1"}},
		{"stop", legacy, map[string]any{"type": "stop", "id": "1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := c.mustOpen(t, test.protocol)
			if err := s.subscribed(t.Context(), "1", "general"); err != nil {
				t.Fatal(err)
			}
			c.loseRows(t)
			if err := s.write(test.message); err != nil {
				t.Fatal(err)
			}
			select {
			case <-s.ended:
			case <-time.After(program.Patience):
				t.Error("the socket is still open")
			}
			again := c.mustOpen(t, test.protocol)
			if err := again.subscribed(t.Context(), "1", "general"); err != nil {
				t.Fatal(err)
			}
			if err := again.leave(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// loseRows deletes all that is stored of connections and their subscriptions.
func (c *cloud) loseRows(t *testing.T) {
	t.Helper()
	for _, table := range []string{"connections", "subscriptions"} {
		described, err := c.database.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range c.rows(t, table) {
			key := map[string]types.AttributeValue{}
			for _, element := range described.Table.KeySchema {
				key[*element.AttributeName] = row[*element.AttributeName]
			}
			if _, err := c.database.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: key}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
