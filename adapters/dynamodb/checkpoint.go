package dynamodb

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/ports"
)

func checkpointRow(topic ports.Topic) item {
	return item{attributeEvent: text(string(topic)), attributeConnectionID: text(checkpointKey)}
}

// SaveCheckpoint implements ports.SubscriptionStore with 1 PutItem.
func (b *Backend) SaveCheckpoint(ctx context.Context, topic ports.Topic, checkpoint ports.Checkpoint) error {
	row, expires := checkpointRow(topic), instantOf(checkpoint.ExpiresAt)
	row["first"] = text(checkpoint.First)
	row["done"] = text(checkpoint.Done)
	row["last"] = text(checkpoint.Last)
	row["cursor"] = text(string(checkpoint.Cursor))
	row["expires"] = expires.attribute()
	row[attributeTTL] = expires.ttl()
	return failure("SaveCheckpoint", b.request(ctx, func() error {
		_, err := b.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(b.tables.Subscriptions), Item: row})
		return err
	}, subscriptionsTable))
}

// LoadCheckpoint implements ports.SubscriptionStore with 1 GetItem.
func (b *Backend) LoadCheckpoint(ctx context.Context, topic ports.Topic) (ports.Checkpoint, error) {
	const op = "LoadCheckpoint"
	var row item
	err := b.request(ctx, func() error {
		output, err := b.client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String(b.tables.Subscriptions), Key: checkpointRow(topic), ConsistentRead: aws.Bool(true),
		})
		if err == nil {
			row = output.Item
		}
		return err
	}, subscriptionsTable)
	expires := readInstant(row["expires"])
	switch {
	case err != nil:
		return ports.Checkpoint{}, failure(op, err)
	case expires <= instantOf(b.now()):
		return ports.Checkpoint{}, refusal(op, ports.ErrNotFound)
	}
	return ports.Checkpoint{
		First: textOf(row["first"]), Done: textOf(row["done"]), Last: textOf(row["last"]), Cursor: ports.Cursor(textOf(row["cursor"])),
		ExpiresAt: expires.time(),
	}, nil
}
