package dynamodb

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/ports"
)

var _ ports.EventBus = (*Bus)(nil)

// BusConfig is how a Bus is made. Every zero field stands for its default.
type BusConfig struct {
	// Table is the name of the table; "events" when empty.
	Table string
	// TTL is how long a topic's latest item stays in the table, where nothing
	// reads it; an hour when 0.
	TTL time.Duration
	// Now is the clock by which an item ends; time.Now when nil.
	Now func() time.Time
	// Random returns numbers in [0, 1) for the jitter of retries; that of
	// math/rand/v2 when nil.
	Random func() float64
}

// Bus publishes by writing to a table whose stream is delivered by a Lambda
// function; see NewStreamHandler. It implements ports.EventBus and may be used
// by many goroutines at once.
//
// Order: a topic's events are delivered as they were written: the stream keeps
// the order of the changes of an item, and the item is the topic. Topics have no
// order between them. Repeats: a batch of the stream that failed is delivered
// again from the record that failed; and an event is there twice if the answer
// to its request is lost and another for the topic comes in between.
type Bus struct {
	client *dynamodb.Client
	table  string
	ttl    time.Duration
	now    func() time.Time
	random func() float64
}

// NewBus returns a bus on a table that exists. It does no I/O. The client stays
// the caller's.
func NewBus(client *dynamodb.Client, config BusConfig) *Bus {
	b := &Bus{
		client: client, table: otherwise(config.Table, Tables{}.withDefaults().Events),
		ttl: config.TTL, now: config.Now, random: config.Random,
	}
	if b.ttl <= 0 {
		b.ttl = time.Hour
	}
	if b.now == nil {
		b.now = time.Now
	}
	if b.random == nil {
		b.random = mathrand.Float64
	}
	return b
}

// Publish implements ports.EventBus. It makes 1 PutItem for each topic: the
// events of one call and topic travel in one item, or in several, one after the
// other, where they are over its 400 KB. ErrTooLarge: one event alone is, or a
// topic is over 2,048 bytes.
//
// The topics are written one by one. When one fails after others were written,
// the error has no kind.
func (b *Bus) Publish(ctx context.Context, events ...ports.Event) error {
	const op = "Publish"
	if err := ended(ctx, op); err != nil {
		return err
	}
	items, kind := b.items(events)
	if kind != nil {
		return refusal(op, kind)
	}
	for i, fields := range items {
		err := retry(ctx, b.random, func() error {
			_, err := b.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(b.table), Item: fields})
			return err
		})
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
func (b *Bus) items(events []ports.Event) (items []item, kind error) {
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
	until := instantOf(b.now().Add(b.ttl))
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
