// Package dynamohistory keeps what was said in a DynamoDB table, where several
// processes find it.
package dynamohistory

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/examples/chat/schema"
)

var _ schema.History = (*History)(nil)

// History is a schema.History in a table with the keys room and key, both
// strings. The partition of a room is its name behind "room/"; the partition
// "rooms" has each room's last message.
type History struct {
	client *dynamodb.Client
	table  string
}

// New makes a history. It does no I/O. The error says that the table has no name.
func New(client *dynamodb.Client, table string) (*History, error) {
	if table == "" {
		return nil, errors.New("the table of messages has no name: CHAT_MESSAGES_TABLE is not set")
	}
	return &History{client, table}, nil
}

const (
	roomPrefix     = "room/"
	roomsPartition = "rooms"
	mostRooms      = 200
)

// Append writes the message, and itself as its room's last.
func (h *History) Append(ctx context.Context, message schema.Message) error {
	last := item(roomsPartition, message.Room, message)
	said := item(roomPrefix+message.Room, message.SentAt+"#"+message.ID, message)
	_, err := h.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
		TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: &h.table, Item: said}},
			{Put: &types.Put{TableName: &h.table, Item: last}},
		},
	})
	return schema.Wrap("saying", err)
}

// Last queries the room backwards.
func (h *History) Last(ctx context.Context, room string, n int) ([]schema.Message, error) {
	if n <= 0 {
		return []schema.Message{}, nil
	}
	messages, err := h.query(ctx, roomPrefix+room, int32(min(n, 1000)), false)
	slices.Reverse(messages)
	return messages, schema.Wrap("reading a room", err)
}

// Rooms are those that have a last message, and the default ones.
func (h *History) Rooms(ctx context.Context) ([]schema.Room, error) {
	messages, err := h.query(ctx, roomsPartition, mostRooms, true)
	if err != nil {
		return nil, schema.Wrap("reading the rooms", err)
	}
	return schema.RoomsOf(messages), nil
}

func (h *History) query(ctx context.Context, partition string, limit int32, forward bool) ([]schema.Message, error) {
	page, err := h.client.Query(ctx, &dynamodb.QueryInput{
		TableName:                 &h.table,
		KeyConditionExpression:    aws.String("room = :room"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":room": text(partition)},
		Limit:                     &limit,
		ScanIndexForward:          &forward,
		ConsistentRead:            aws.Bool(true),
	})
	if err != nil {
		return []schema.Message{}, err
	}
	messages := make([]schema.Message, 0, len(page.Items))
	for _, row := range page.Items {
		messages = append(messages, schema.Message{
			ID: read(row, "id"), Room: read(row, "name"), Author: read(row, "author"), Text: read(row, "text"), SentAt: read(row, "sentAt"),
		})
	}
	return messages, nil
}

func item(partition, key string, message schema.Message) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"room": text(partition), "key": text(key), "id": text(message.ID), "name": text(message.Room),
		"author": text(message.Author), "text": text(message.Text), "sentAt": text(message.SentAt),
	}
}

func text(value string) types.AttributeValue { return &types.AttributeValueMemberS{Value: value} }

func read(row map[string]types.AttributeValue, attribute string) string {
	if value, ok := row[attribute].(*types.AttributeValueMemberS); ok {
		return value.Value
	}
	return ""
}

// CreateTable makes the table of a History, for development.
func CreateTable(ctx context.Context, client *dynamodb.Client, name string) error {
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   &name,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("room"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("key"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("room"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("key"), KeyType: types.KeyTypeRange},
		},
	})
	return schema.Wrap("creating the table", err)
}
