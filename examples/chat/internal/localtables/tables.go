// Package localtables makes the chat's tables in a DynamoDB Local, under the names
// that its programs take there.
package localtables

import (
	"context"
	"errors"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/examples/chat/internal/dynamohistory"
)

// Messages is the name of the history's table.
const Messages = "messages"

// Names are those of the library's tables.
func Names() dynamodb.Tables {
	return dynamodb.Tables{Connections: "connections", Subscriptions: "subscriptions", Events: "events"}
}

// Create makes all tables and returns the stream of the events.
func Create(ctx context.Context, client *sdk.Client) (streamARN string, err error) {
	tables := Names()
	if err := dynamodb.CreateTables(ctx, client, tables); err != nil {
		return "", err
	}
	if err := dynamohistory.CreateTable(ctx, client, Messages); err != nil {
		return "", err
	}
	described, err := client.DescribeTable(ctx, &sdk.DescribeTableInput{TableName: &tables.Events})
	if err != nil {
		return "", err
	}
	if described.Table.LatestStreamArn == nil {
		return "", errors.New("the events table has no stream")
	}
	return *described.Table.LatestStreamArn, nil
}
