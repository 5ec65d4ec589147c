package dynamodb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

// held is an operation as its connection's row keeps it, by the digest of its
// ID: what tells a repetition from a conflict, and where its rows are.
type held struct {
	id                ports.OperationID
	received, expires instant
	// request is a digest of the request.
	request []byte
	topics  []ports.Topic
}

func (h held) attribute() types.AttributeValue {
	return document(item{
		"id": binary([]byte(h.id)), "received": h.received.attribute(), "expires": h.expires.attribute(),
		"request": binary(h.request), "topics": texts(h.topics),
	})
}

func readOperations(v types.AttributeValue) map[string]held {
	operations := make(map[string]held)
	for hash, v := range documentOf(v) {
		fields := documentOf(v)
		operations[hash] = held{
			id:       ports.OperationID(binaryOf(fields["id"])),
			received: readInstant(fields["received"]),
			expires:  readInstant(fields["expires"]),
			request:  binaryOf(fields["request"]),
			topics:   textsOf[ports.Topic](fields["topics"]),
		}
	}
	return operations
}

func documents(operations map[string]held) types.AttributeValue {
	fields := make(item, len(operations))
	for hash, operation := range operations {
		fields[hash] = operation.attribute()
	}
	return document(fields)
}

func holding(o ports.Operation) held {
	request := sha256.Sum256(o.Request)
	return held{
		id: o.Ref.ID, received: instantOf(o.ReceivedAt), expires: instantOf(o.ExpiresAt),
		request: request[:16], topics: o.Topics,
	}
}

// AddOperation implements ports.SubscriptionStore. ErrTooLarge: more than 99
// topics, a row over 400 KB, all of them together over 4 MB, or a connection
// whose operations no longer fit its row (400 KB). What is invalid or too large
// by itself is refused without a request, and so before a tombstone is seen. The
// same operation again with other topics keeps its first ones.
//
// It makes 1 TransactWriteItems, or without topics 1 UpdateItem.
func (b *Backend) AddOperation(ctx context.Context, added ports.Operation) error {
	const op = "AddOperation"
	if err := ended(ctx, op); err != nil {
		return err
	}
	if slices.Contains(added.Topics, "") || added.ExpiresAt.IsZero() {
		return refusal(op, ports.ErrInvalid)
	}
	waiting := backoff{random: b.random}
	for {
		now := instantOf(b.now())
		err := b.put(ctx, added, now)
		before, failed := conditionFailed(err)
		if !failed {
			return failure(op, err)
		}
		c := readConnection(before)
		operation, taken := c.liveOperations(now)[digest(added.Ref.ID)]
		switch {
		case c.cancels(added):
			return refusal(op, ports.ErrCancelled)
		case !c.live(now):
			return refusal(op, ports.ErrNotFound)
		case taken && !operation.same(added):
			return refusal(op, ports.ErrConflict)
		case taken:
			added.Topics = operation.topics
		case added.Limit > 0 && len(c.liveOperations(now)) >= added.Limit:
			return refusal(op, ports.ErrTooMany)
		default: // Operations that have expired are in the way.
			if err := b.dropExpired(ctx, c, now); err != nil {
				return failure(op, err)
			}
		}
		if !waiting.wait(ctx) {
			return refusal(op, ports.ErrThrottled)
		}
	}
}

// same says whether it is the operation that is added once more.
func (h held) same(added ports.Operation) bool {
	again := holding(added)
	return h.received == again.received && bytes.Equal(h.request, again.request)
}

// put writes the operation to its connection and a row to each of its topics.
func (b *Backend) put(ctx context.Context, added ports.Operation, now instant) error {
	u := addition(added, now)
	if len(added.Topics) == 0 {
		_, err := b.update(ctx, u)
		return err
	}
	row := subscriberRow(added)
	puts := make([]types.TransactWriteItem, 0, len(added.Topics))
	total := 0
	for _, topic := range added.Topics {
		topicRow := withTopic(row, topic)
		rowSize := itemSize(topicRow)
		if rowSize > maxItem {
			return errTooLarge
		}
		total += rowSize
		puts = append(puts, types.TransactWriteItem{Put: &types.Put{
			TableName: aws.String(b.tables.Subscriptions), Item: topicRow,
		}})
	}
	if len(puts)+1 > maxActions || total > maxTransaction {
		return errTooLarge
	}
	return b.transact(ctx, u, puts)
}

// addition is the change at the connection, with all that has to hold there. An
// operation that is there already is replaced by itself.
func addition(added ports.Operation, now instant) update {
	operation := holding(added)
	free := "attribute_not_exists(operations.#hash)"
	values := item{
		":operation": operation.attribute(), ":now": now.attribute(), ":received": operation.received.attribute(),
		":request": binary(operation.request), ":topics": texts(operation.topics),
	}
	if added.Limit > 0 {
		free += " AND size(operations) < :limit"
		values[":limit"] = number(int64(added.Limit))
	}
	same := "operations.#hash.received = :received AND operations.#hash.#request = :request AND operations.#hash.topics = :topics"
	return update{
		id:  added.Ref.Connection,
		set: []string{"operations.#hash = :operation"},
		conditions: []string{
			"expires > :now",
			"(attribute_not_exists(tombstones.#hash) OR tombstones.#hash.received < :received)",
			"(" + free + " OR " + same + " OR operations.#hash.expires <= :now)",
		},
		names:  map[string]string{"#hash": digest(added.Ref.ID), "#request": "request"},
		values: values,
	}
}

// dropExpired takes the operations that have expired out of a connection's row,
// unless others have changed it meanwhile.
func (b *Backend) dropExpired(ctx context.Context, c connection, now instant) error {
	live := c.liveOperations(now)
	if len(live) == len(c.operations) {
		return nil
	}
	_, err := b.update(ctx, update{
		id:         c.Address.ID,
		set:        []string{"operations = :live"},
		conditions: []string{"operations = :before"},
		values:     item{":live": documents(live), ":before": documents(c.operations)},
	})
	if _, failed := conditionFailed(err); failed {
		return nil
	}
	return err
}
