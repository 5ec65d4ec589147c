package dynamodb

import (
	"context"
	"crypto/sha256"
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/ports"
)

// checkpointKey is the sort key of a topic's checkpoint. It sorts before those of
// subscribers, whatever their connections are called.
const checkpointKey = "\x00"

// ListSubscribers implements ports.SubscriptionStore with 1 Query, whose page is
// at most 1 MB of rows. A limit counts rows before those that have expired are
// taken out, so that a page may be short. A listing is in the order of the
// connections' IDs.
func (b *Backend) ListSubscribers(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
	const op = "ListSubscribers"
	input := &dynamodb.QueryInput{
		TableName:              aws.String(b.tables.Subscriptions),
		ConsistentRead:         aws.Bool(true),
		KeyConditionExpression: aws.String("event = :topic AND connectionId > :after"),
		FilterExpression:       aws.String("expires > :now"),
		ExpressionAttributeValues: item{
			":topic": text(string(topic)), ":after": text(checkpointKey), ":now": instantOf(b.now()).attribute(),
		},
	}
	if request.After != "" {
		after, ok := parseCursor(topic, request.After)
		if !ok {
			return ports.Page{}, refusal(op, ports.ErrInvalid)
		}
		input.ExpressionAttributeValues[":after"] = text(after)
	}
	if request.Limit > 0 {
		input.Limit = aws.Int32(int32(min(request.Limit, 1<<20)))
	}
	var output *dynamodb.QueryOutput
	err := b.request(ctx, func() (err error) {
		output, err = b.client.Query(ctx, input)
		return err
	}, subscriptionsTable)
	if err != nil {
		return ports.Page{}, failure(op, err)
	}
	page := ports.Page{Subscribers: make([]ports.Subscriber, 0, len(output.Items))}
	for _, row := range output.Items {
		if subscriber, ok := readSubscriber(row); ok {
			page.Subscribers = append(page.Subscribers, subscriber)
		}
	}
	if last := textOf(output.LastEvaluatedKey[attributeConnectionID]); last != "" {
		page.Next = newCursor(topic, last)
	}
	return page, nil
}

// RemoveSubscribers implements ports.SubscriptionStore with 1 BatchWriteItem for
// 25 rows. An operation keeps its ID on its connection, and its rows in other
// topics.
func (b *Backend) RemoveSubscribers(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
	const op = "RemoveSubscribers"
	if err := ended(ctx, op); err != nil {
		return err
	}
	seen := make(map[ports.OperationRef]bool, len(refs))
	keys := make([]item, 0, len(refs))
	for _, ref := range refs {
		if !seen[ref] { // A batch must not name an item twice.
			seen[ref] = true
			keys = append(keys, rowKey(topic, ref.Connection, digest(ref.ID)))
		}
	}
	return failure(op, b.deleteRows(ctx, keys))
}

// checksumLength is how many bytes of a cursor tell that it is one, and of this
// topic. It guards against accidents: a cursor is no secret.
const checksumLength = 8

// newCursor is the place after a row, which need not exist any more.
func newCursor(topic ports.Topic, sortKey string) ports.Cursor {
	sum := cursorSum(topic, sortKey)
	return ports.Cursor(base64.RawURLEncoding.EncodeToString(append(sum, sortKey...)))
}

func parseCursor(topic ports.Topic, cursor ports.Cursor) (sortKey string, ok bool) {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(string(cursor))
	if err != nil || len(decoded) <= checksumLength {
		return "", false
	}
	sortKey = string(decoded[checksumLength:])
	return sortKey, newCursor(topic, sortKey) == cursor
}

func cursorSum(topic ports.Topic, sortKey string) []byte {
	sum := sha256.Sum256([]byte(string(topic) + "\x00" + sortKey))
	return sum[:checksumLength:checksumLength]
}
