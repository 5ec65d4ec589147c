// Package history keeps what was said in a DynamoDB table with the keys room and
// key, both strings.
package history

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/examples/chat/schema"
)

var _ schema.History = (*History)(nil)

// History is a schema.History in a table. The partition of a room is its name
// behind "room/"; the partition "rooms" has each room's last message.
type History struct {
	client *dynamodb.Client
	table  string
}

// New makes a history. It does no I/O.
func New(client *dynamodb.Client, table string) *History { return &History{client, table} }

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
	return wrap("saying", err)
}

// Last queries the room backwards.
func (h *History) Last(ctx context.Context, room string, n int) ([]schema.Message, error) {
	if n <= 0 {
		return []schema.Message{}, nil
	}
	messages, err := h.query(ctx, roomPrefix+room, int32(min(n, 1000)), false)
	slices.Reverse(messages)
	return messages, wrap("reading a room", err)
}

// Rooms are those that have a last message, and the default ones.
func (h *History) Rooms(ctx context.Context) ([]schema.Room, error) {
	messages, err := h.query(ctx, roomsPartition, mostRooms, true)
	if err != nil {
		return nil, wrap("reading the rooms", err)
	}
	rooms := make([]schema.Room, 0, len(messages)+3)
	for _, last := range messages {
		rooms = append(rooms, schema.Room{Name: last.Room, LastMessage: &last})
	}
	for _, name := range schema.DefaultRooms() {
		if !slices.ContainsFunc(rooms, func(r schema.Room) bool { return r.Name == name }) {
			rooms = append(rooms, schema.Room{Name: name})
		}
	}
	slices.SortFunc(rooms, func(a, b schema.Room) int { return strings.Compare(a.Name, b.Name) })
	return rooms, nil
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

func wrap(doing string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// CreateTable makes the table, for development.
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
	return wrap("creating the table", err)
}
