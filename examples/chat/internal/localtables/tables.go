// Package localtables makes the chat's tables in a DynamoDB Local, under the names
// that its programs take there.
package localtables

import (
	"context"
	"errors"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/examples/chat/dynamohistory"
)

// Messages is the name of the history's table.
const Messages = "messages"

// Create makes all tables, and returns the backend on them and the stream of the
// events.
func Create(ctx context.Context, client *sdk.Client) (backend *dynamodb.Backend, streamARN string, err error) {
	if backend, err = dynamodb.New(dynamodb.Config{Client: client}); err != nil {
		return nil, "", err
	}
	if err := backend.CreateTables(ctx); err != nil {
		return nil, "", err
	}
	if err := dynamohistory.CreateTable(ctx, client, Messages); err != nil {
		return nil, "", err
	}
	tables := backend.Tables()
	described, err := client.DescribeTable(ctx, &sdk.DescribeTableInput{TableName: &tables.Events})
	if err != nil {
		return nil, "", err
	}
	if described.Table.LatestStreamArn == nil {
		return nil, "", errors.New("the events table has no stream")
	}
	return backend, *described.Table.LatestStreamArn, nil
}
