package dynamodb

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

const (
	// tombstoneLife is how long the contract has a tombstone last.
	tombstoneLife = time.Minute
	// maxPruned is how many tombstones that have served a new one takes away at
	// most, so that they are fewer with every write and the write stays small.
	maxPruned = 10
)

// tombstone says that operations received up to a time have ended.
type tombstone struct {
	received, expires instant
}

func (t tombstone) attribute() types.AttributeValue {
	return document(item{"received": t.received.attribute(), "expires": t.expires.attribute()})
}

func readTombstones(v types.AttributeValue) map[string]tombstone {
	tombstones := make(map[string]tombstone)
	for hash, v := range documentOf(v) {
		fields := documentOf(v)
		tombstones[hash] = tombstone{received: readInstant(fields["received"]), expires: readInstant(fields["expires"])}
	}
	return tombstones
}

// cancels says whether the operation was ended before it is added.
func (c connection) cancels(added ports.Operation) bool {
	t, found := c.tombstones[digest(added.Ref.ID)]
	return found && t.received >= instantOf(added.ReceivedAt)
}

// RemoveOperation implements ports.SubscriptionStore. A tombstone stays until a
// later one of its connection takes it away, a minute afterwards or more.
//
// It makes 1 GetItem and 1 TransactWriteItems: also for an operation without
// topics, because only a transaction's token tells its own repetition from
// another removal. Where there is only a tombstone to leave, that is 1
// UpdateItem, and where there is no connection, nothing.
func (b *Backend) RemoveOperation(ctx context.Context, ref ports.OperationRef, receivedAt time.Time) (bool, error) {
	const op = "RemoveOperation"
	hash, received := digest(ref.ID), instantOf(receivedAt)
	c, err := b.read(ctx, ref.Connection, "expires, operations.#hash, tombstones", map[string]string{"#hash": hash})
	if err != nil {
		return false, failure(op, err)
	}
	waiting := backoff{random: b.random}
	for {
		now := instantOf(b.now())
		operation, found := c.operations[hash]
		found = found && operation.expires > now && operation.received <= received
		switch {
		case found:
			err = b.take(ctx, c, ref, received, now)
		case c.live(now):
			err = b.leaveTombstone(ctx, c, ref, received, now)
		default: // Nothing can be added, either.
			return false, nil
		}
		before, failed := conditionFailed(err)
		if !failed {
			return found && err == nil, failure(op, err)
		}
		c = readConnection(before)
		if !waiting.wait(ctx) {
			return false, refusal(op, ports.ErrThrottled)
		}
	}
}

// take removes an operation with its rows, if it is still the one that was read.
// Another one that was received in between may be on its way.
func (b *Backend) take(ctx context.Context, c connection, ref ports.OperationRef, received, now instant) error {
	hash := digest(ref.ID)
	operation := c.operations[hash]
	deletes := make([]types.TransactWriteItem, len(operation.topics))
	for i, topic := range operation.topics {
		deletes[i].Delete = &types.Delete{
			TableName: aws.String(b.tables.Subscriptions), Key: rowKey(topic, ref.Connection, hash),
		}
	}
	u := update{
		id:         ref.Connection,
		remove:     []string{"operations.#hash"},
		conditions: []string{"operations.#hash.received = :operation"},
		names:      map[string]string{"#hash": hash},
		values:     item{":operation": operation.received.attribute()},
	}
	if operation.received < received {
		u.leaveTombstone(c.tombstones, received-1, now)
	}
	return b.transact(ctx, u, deletes)
}

// leaveTombstone leaves one, if there still is nothing to remove.
func (b *Backend) leaveTombstone(ctx context.Context, c connection, ref ports.OperationRef, received, now instant) error {
	hash := digest(ref.ID)
	u := update{
		id:         ref.Connection,
		conditions: []string{"expires > :now"},
		names:      map[string]string{"#hash": hash},
		values:     item{":now": now.attribute()},
	}
	if operation, found := c.operations[hash]; found {
		u.conditions = append(u.conditions, "operations.#hash.received = :operation")
		u.values[":operation"] = operation.received.attribute()
	} else {
		u.conditions = append(u.conditions, "attribute_not_exists(operations.#hash)")
	}
	u.leaveTombstone(c.tombstones, received, now)
	_, err := b.update(ctx, u)
	return err
}

// leaveTombstone makes a tombstone for #hash a part of a change. It never moves back in
// time, and takes away some that have served.
func (u *update) leaveTombstone(tombstones map[string]tombstone, received, now instant) {
	hash := u.names["#hash"]
	received = max(received, tombstones[hash].received)
	u.set = append(u.set, "tombstones.#hash = :tombstone")
	u.conditions = append(u.conditions, "(attribute_not_exists(tombstones.#hash) OR tombstones.#hash.received <= :received)")
	u.values[":tombstone"] = tombstone{received: received, expires: now + instant(tombstoneLife)}.attribute()
	u.values[":received"] = received.attribute()
	pruned := 0
	for other, t := range tombstones {
		if other == hash || t.expires > now || pruned == maxPruned {
			continue
		}
		name := fmt.Sprint("#served", pruned)
		pruned++
		u.remove = append(u.remove, "tombstones."+name)
		u.conditions = append(u.conditions,
			fmt.Sprintf("(attribute_not_exists(tombstones.%[1]s) OR tombstones.%[1]s.expires <= :now)", name))
		u.names[name] = other
		u.values[":now"] = now.attribute()
	}
}
