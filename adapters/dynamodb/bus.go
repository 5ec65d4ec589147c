package dynamodb

import (
	"context"
	"crypto/rand"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/ports"
)

// Publish implements ports.EventBus by writing to the events table, whose stream
// is delivered by a Lambda function; see StreamHandler. It makes 1 PutItem for each
// topic: the events of one call and topic travel in one item, or in several, one
// after the other, where they are over its 400 KB. ErrTooLarge: one event alone
// is, or a topic is over 2,048 bytes.
//
// Order: a topic's events are delivered as they were written: the stream keeps
// the order of the changes of an item, and the item is the topic. Topics have no
// order between them. Repeats: a batch of the stream that failed is delivered
// again from the record that failed; and an event is there twice if the answer
// to its request is lost and another for the topic comes in between.
//
// The topics are written one by one. When one fails after others were written,
// the error has no kind.
func (b *Backend) Publish(ctx context.Context, events ...ports.Event) error {
	const op = "Publish"
	if err := ended(ctx, op); err != nil {
		return err
	}
	items, kind := b.items(events)
	if kind != nil {
		return refusal(op, kind)
	}
	for i, fields := range items {
		err := b.request(ctx, func() error {
			_, err := b.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(b.tables.Events), Item: fields})
			return err
		}, eventsTable)
		switch {
		case err != nil && i > 0:
			return &ports.Error{Op: "dynamodb." + op, Err: err}
		case err != nil:
			return failure(op, err)
		}
	}
	return nil
}

// items packs events, each topic's in their order.
func (b *Backend) items(events []ports.Event) (items []item, kind error) {
	var topics []ports.Topic
	byTopic := make(map[ports.Topic][]ports.Event)
	for _, event := range events {
		switch {
		case event.Topic == "":
			return nil, ports.ErrInvalid
		case len(event.Topic) > maxPartition:
			return nil, ports.ErrTooLarge
		}
		if byTopic[event.Topic] == nil {
			topics = append(topics, event.Topic)
		}
		byTopic[event.Topic] = append(byTopic[event.Topic], event)
	}
	until := instantOf(b.now().Add(b.eventTTL))
	for _, topic := range topics {
		packed, fits := pack(byTopic[topic], func() item {
			return item{
				attributeID: text(string(topic)), attributeTTL: until.ttl(),
				// No two items are equal: the stream keeps silent about a write that
				// changes nothing.
				"put": text(rand.Text()),
			}
		})
		if !fits {
			return nil, ports.ErrTooLarge
		}
		items = append(items, packed...)
	}
	return items, nil
}
