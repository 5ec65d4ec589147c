package dynamodb

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

// readPlace reads the place in a row of a listing. A live row has no from, and one
// whose place was never moved has no version.
func readPlace(row item) ports.Place {
	from, _ := ports.ParseMark(textOf(row["from"]))
	return ports.Place{From: from, Version: unsignedOf(row["version"])}
}

// GetSubscriber implements ports.SubscriptionStore with 1 GetItem.
func (b *Backend) GetSubscriber(ctx context.Context, topic ports.Topic, ref ports.OperationRef) (ports.Subscriber, error) {
	const op = "GetSubscriber"
	var row item
	err := b.request(ctx, func() error {
		output, err := b.client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String(b.tables.Subscriptions), Key: rowKey(topic, ref.Connection, digest(ref.ID)), ConsistentRead: aws.Bool(true),
		})
		if err == nil {
			row = output.Item
		}
		return err
	}, subscriptionsTable)
	if err != nil {
		return ports.Subscriber{}, failure(op, err)
	}
	subscriber, ok := readSubscriber(row)
	if !ok || readInstant(row["expires"]) <= instantOf(b.now()) {
		return ports.Subscriber{}, refusal(op, ports.ErrNotFound)
	}
	return subscriber, nil
}

// MovePlace implements ports.SubscriptionStore with 1 UpdateItem. ErrConflict is also
// what a call gets that was carried out and whose answer was lost, if the version rose:
// the client's repetition then meets the place that the call has made. ErrTooLarge: the
// row would be over 400 KB.
func (b *Backend) MovePlace(
	ctx context.Context, topic ports.Topic, ref ports.OperationRef, receivedAt time.Time, was uint64, now ports.Place,
) error {
	const op = "MovePlace"
	received, at := instantOf(receivedAt), instantOf(b.now())
	u := movement(received, at, was, now)
	err := b.request(ctx, func() error {
		_, err := b.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: aws.String(b.tables.Subscriptions), Key: rowKey(topic, ref.Connection, digest(ref.ID)),
			UpdateExpression: u.expression(), ConditionExpression: u.condition(),
			ExpressionAttributeNames: u.names, ExpressionAttributeValues: u.values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
		return err
	}, subscriptionsTable)
	row, failed := conditionFailed(err)
	switch {
	case !failed:
		return failure(op, err)
	case readInstant(row["expires"]) <= at || readInstant(row["received"]) != received:
		return refusal(op, ports.ErrNotFound)
	}
	return refusal(op, ports.ErrConflict)
}

// movement changes the place of a row that is there. Without its conditions on
// attributes that each row has, UpdateItem would create one.
func movement(received, at instant, was uint64, now ports.Place) update {
	u := update{
		conditions: []string{"received = :received", "expires > :now"},
		names:      map[string]string{"#version": "version", "#from": "from"},
		values:     item{":received": received.attribute(), ":now": at.attribute()},
	}
	if was == 0 {
		u.conditions = append(u.conditions, "attribute_not_exists(#version)")
	} else {
		u.conditions = append(u.conditions, "#version = :was")
		u.values[":was"] = unsigned(was)
	}
	if now.Version > 0 {
		u.set = append(u.set, "#version = :version")
		u.values[":version"] = unsigned(now.Version)
	}
	if now.Live() {
		u.remove = append(u.remove, "#from")
	} else {
		u.set = append(u.set, "#from = :from")
		u.values[":from"] = text(now.From.String())
	}
	return u
}
