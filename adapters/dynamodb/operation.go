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
// same operation again with other topics keeps its first ones; rows of it that are
// gone come back.
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
	topics := added.Topics // those whose rows are to be written
	waiting := backoff{random: b.random}
	for {
		now := instantOf(b.now())
		err := b.put(ctx, added, topics, now)
		before, failed := conditionFailed(err)
		inPlace := othersFailed(err)
		switch {
		case failed:
			again, kind, err := b.obstacle(ctx, added, readConnection(before), now)
			switch {
			case kind != nil:
				return refusal(op, kind)
			case err != nil:
				return failure(op, err)
			case again != nil:
				added.Topics, topics = again.topics, again.topics
			}
		case len(inPlace) > 0:
			topics = except(topics, inPlace)
		default:
			return failure(op, err)
		}
		if !waiting.wait(ctx) {
			return refusal(op, ports.ErrThrottled)
		}
	}
}

// obstacle says why a connection's row did not take an operation: kind is what it is
// refused with. Otherwise it can be tried again: the operation is there already and
// returned, or what was in the way has gone.
func (b *Backend) obstacle(ctx context.Context, added ports.Operation, c connection, now instant) (again *held, kind, err error) {
	operations := c.liveOperations(now)
	operation, taken := operations[digest(added.Ref.ID)]
	switch {
	case c.cancels(added):
		return nil, ports.ErrCancelled, nil
	case !c.live(now):
		return nil, ports.ErrNotFound, nil
	case taken && !operation.same(added):
		return nil, ports.ErrConflict, nil
	case taken:
		return &operation, nil, nil
	case added.Limit > 0 && len(operations) >= added.Limit:
		return nil, ports.ErrTooMany, nil
	}
	return nil, nil, b.dropExpired(ctx, c, now) // Operations that have expired are in the way.
}

// same says whether it is the operation that is added once more.
func (h held) same(added ports.Operation) bool {
	again := holding(added)
	return h.received == again.received && bytes.Equal(h.request, again.request)
}

// put writes the operation to its connection and a row to each of the topics. A row
// of the same operation that is there already fails the write: its place may have
// moved.
func (b *Backend) put(ctx context.Context, added ports.Operation, topics []ports.Topic, now instant) error {
	u := addition(added, now)
	if len(topics) == 0 {
		_, err := b.update(ctx, u)
		return err
	}
	row := subscriberRow(added)
	puts := make([]types.TransactWriteItem, 0, len(topics))
	total := 0
	for _, topic := range topics {
		fields := topicRow(row, added, topic)
		rowSize := itemSize(fields)
		if rowSize > maxItem {
			return errTooLarge
		}
		total += rowSize
		puts = append(puts, types.TransactWriteItem{Put: &types.Put{
			TableName: aws.String(b.tables.Subscriptions), Item: fields,
			// What is there otherwise is left of an operation that has ended.
			ConditionExpression:       aws.String("attribute_not_exists(received) OR received <> :received OR expires <= :now"),
			ExpressionAttributeValues: item{":received": row["received"], ":now": now.attribute()},
		}})
	}
	if len(puts)+1 > maxActions || total > maxTransaction {
		return errTooLarge
	}
	return b.transact(ctx, u, puts)
}

// except is the list without what has these indices.
func except(topics []ports.Topic, indices []int) (rest []ports.Topic) {
	for i, topic := range topics {
		if !slices.Contains(indices, i) {
			rest = append(rest, topic)
		}
	}
	return rest
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
