package dynamodb

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

// TouchConnection implements ports.ConnectionStore. The connection itself comes
// last, so that a call that failed half-way is made whole by its repetition.
//
// It makes 1 GetItem and 1 UpdateItem, and 1 UpdateItem more for every operation
// and every row of its topics: behind API Gateway, which ends sockets before
// their rows do, it is never called.
func (b *Backend) TouchConnection(ctx context.Context, id ports.ConnectionID, expiresAt time.Time) error {
	const op = "TouchConnection"
	expires, now := instantOf(expiresAt), instantOf(b.now())
	c, err := b.read(ctx, id, "id, expires, operations", nil)
	switch {
	case err != nil:
		return failure(op, err)
	case !c.live(now):
		return refusal(op, ports.ErrNotFound)
	case expires < c.expires:
		return nil
	}
	if err := b.extendOperations(ctx, c, expires, now); err != nil {
		return failure(op, err)
	}
	after, err := b.update(ctx, update{
		id:         id,
		set:        []string{"expires = :expires", "#ttl = :ttl"},
		conditions: []string{"expires > :now", "expires <= :expires"},
		names:      map[string]string{"#ttl": attributeTTL},
		values:     item{":expires": expires.attribute(), ":ttl": expires.ttl(), ":now": now.attribute()},
		returns:    types.ReturnValueAllNew,
	})
	if before, failed := conditionFailed(err); failed {
		if !readConnection(before).live(now) {
			return refusal(op, ports.ErrNotFound)
		}
		return nil // Another call went further.
	}
	if err != nil {
		return failure(op, err)
	}
	// Those that were added meanwhile.
	return failure(op, b.extendOperations(ctx, after, expires, now))
}

// extendOperations moves the expiry of those operations that end before.
func (b *Backend) extendOperations(ctx context.Context, c connection, expires, now instant) error {
	for hash, operation := range c.liveOperations(now) {
		if operation.expires >= expires {
			continue
		}
		for _, topic := range operation.topics {
			if err := b.extendRow(ctx, rowKey(topic, c.Address.ID, hash), expires); err != nil {
				return err
			}
		}
		_, err := b.update(ctx, update{
			id:         c.Address.ID,
			set:        []string{"operations.#hash.expires = :expires"},
			conditions: []string{"operations.#hash.received = :received", "operations.#hash.expires < :expires"},
			names:      map[string]string{"#hash": hash},
			values:     item{":expires": expires.attribute(), ":received": operation.received.attribute()},
		})
		if _, failed := conditionFailed(err); err != nil && !failed {
			return err
		}
	}
	return nil
}

// extendRow moves the expiry of a row that is there.
func (b *Backend) extendRow(ctx context.Context, key item, expires instant) error {
	err := b.request(ctx, func() error {
		_, err := b.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: aws.String(b.tables.Subscriptions), Key: key,
			UpdateExpression:          aws.String("SET expires = :expires, #ttl = :ttl"),
			ConditionExpression:       aws.String("expires < :expires"),
			ExpressionAttributeNames:  map[string]string{"#ttl": attributeTTL},
			ExpressionAttributeValues: item{":expires": expires.attribute(), ":ttl": expires.ttl()},
		})
		return err
	}, subscriptionsTable)
	if _, failed := conditionFailed(err); failed {
		return nil
	}
	return err
}
