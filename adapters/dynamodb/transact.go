package dynamodb

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/ports"
)

// TransactItems returns the actions that publish events as part of a TransactWriteItems
// of the caller's own, beside what it writes: then the events are published exactly if
// the transaction succeeds. It makes no request. Publisher.Events of package core makes
// the events.
//
// There is 1 Put for each topic, into the events table, whatever shards a topic has
// counting as topics. A transaction counts each twice: 2 write units for each KB. All
// of the actions must be on one account and in one region, 100 and 4 MB in all. The
// events of one topic fit one item of 400 KB.
//
// Make the actions once and give the same ones to each repetition of a transaction: its
// ClientRequestToken is good for the same actions only, for ten minutes. The SDK's own
// repetitions are made so. What is transacted anew is published anew, unless a
// condition of the transaction prevents it: put the row that says it is done under
// attribute_not_exists.
//
// Order: events of one topic are delivered in the order in which their transactions and
// the calls of Publish succeeded. Of two at the same time on one topic, DynamoDB cancels
// a transaction with the reason TransactionConflict, which may be tried again; Publish
// does so by itself.
//
// ErrInvalid: an event has no topic. ErrTooLarge: the events of a topic are over 400 KB,
// a topic is over 2,048 bytes, or there are over 100 topics or 4 MB.
func (b *Backend) TransactItems(events ...ports.Event) ([]types.TransactWriteItem, error) {
	const op = "TransactItems"
	items, kind := b.items(events)
	if kind != nil {
		return nil, refusal(op, kind)
	}
	actions := make([]types.TransactWriteItem, len(items))
	topics, total := make(map[string]bool, len(items)), 0
	for i, fields := range items {
		topics[textOf(fields[attributeID])] = true
		total += itemSize(fields)
		actions[i].Put = &types.Put{TableName: aws.String(b.tables.Events), Item: fields}
	}
	// A transaction must not name an item twice.
	if len(topics) < len(items) || len(items) > maxActions || total > maxTransaction {
		return nil, refusal(op, ports.ErrTooLarge)
	}
	return actions, nil
}
