package dynamodb

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

// rowKey is the key of an operation's row in a topic's listing. The digest has a
// fixed length, so that no connection ID can run into it.
func rowKey(topic ports.Topic, connection ports.ConnectionID, hash string) item {
	return item{
		attributeEvent:        text(string(topic)),
		attributeConnectionID: text(string(connection) + "#" + hash),
	}
}

// connectionOf is the connection that a sort key names; empty when it is none of
// a row of this package's.
func connectionOf(sortKey string) ports.ConnectionID {
	end := len(sortKey) - digestLength - 1
	if end < 1 || sortKey[end] != '#' {
		return ""
	}
	return ports.ConnectionID(sortKey[:end])
}

// subscriberRow is what the rows of an operation have in common.
func subscriberRow(o ports.Operation) item {
	row := rowKey("", o.Ref.Connection, digest(o.Ref.ID))
	row["operation"] = binary([]byte(o.Ref.ID))
	if o.Address.ID != o.Ref.Connection {
		row["address"] = text(string(o.Address.ID))
	}
	row["endpoint"] = text(o.Address.Endpoint)
	row["protocol"] = text(o.Protocol)
	row["request"] = binary(o.Request)
	row["state"] = binary(o.State)
	row["filters"] = binary(o.Filters)
	row["received"] = instantOf(o.ReceivedAt).attribute()
	row["notAfter"] = instantOf(o.NotAfter).attribute()
	row["expires"] = instantOf(o.ExpiresAt).attribute()
	row[attributeTTL] = instantOf(o.ExpiresAt).ttl()
	return row
}

// topicRow is the row of an operation in one topic's listing.
func topicRow(row item, o ports.Operation, topic ports.Topic) item {
	row = maps.Clone(row)
	row[attributeEvent] = text(string(topic))
	if from := o.From[topic]; from != (ports.Mark{}) {
		row["from"] = text(from.String())
	}
	return row
}

// readSubscriber returns false for a row that is none of this package's.
func readSubscriber(row item) (ports.Subscriber, bool) {
	id := connectionOf(textOf(row[attributeConnectionID]))
	address := ports.Address{ID: id, Endpoint: textOf(row["endpoint"])}
	if other, ok := row["address"]; ok {
		address.ID = ports.ConnectionID(textOf(other))
	}
	return ports.Subscriber{
		Ref:        ports.OperationRef{Connection: id, ID: ports.OperationID(binaryOf(row["operation"]))},
		Address:    address,
		Protocol:   textOf(row["protocol"]),
		Request:    binaryOf(row["request"]),
		State:      binaryOf(row["state"]),
		Filters:    binaryOf(row["filters"]),
		ReceivedAt: readInstant(row["received"]).time(),
		NotAfter:   readInstant(row["notAfter"]).time(),
		Place:      readPlace(row),
	}, id != ""
}

// rows are the keys of all that the connection's operations have in listings.
func (c connection) rows() []item {
	var keys []item
	for hash, operation := range c.operations {
		for _, topic := range operation.topics {
			keys = append(keys, rowKey(topic, c.Address.ID, hash))
		}
	}
	return keys
}

// deleteRows deletes rows from listings, 25 in a request. The keys must differ.
func (b *Backend) deleteRows(ctx context.Context, keys []item) error {
	for len(keys) > 0 {
		batch := keys[:min(len(keys), maxBatch)]
		keys = keys[len(batch):]
		requests := make([]types.WriteRequest, len(batch))
		for i, key := range batch {
			requests[i].DeleteRequest = &types.DeleteRequest{Key: key}
		}
		if err := b.writeBatch(ctx, map[string][]types.WriteRequest{b.tables.Subscriptions: requests}); err != nil {
			return err
		}
	}
	return nil
}

// writeBatch repeats what DynamoDB leaves unprocessed.
func (b *Backend) writeBatch(ctx context.Context, requests map[string][]types.WriteRequest) error {
	return b.request(ctx, func() error {
		output, err := b.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: requests})
		if err != nil {
			return err
		}
		if requests = output.UnprocessedItems; len(requests) > 0 {
			return errUnfinished
		}
		return nil
	}, subscriptionsTable)
}
