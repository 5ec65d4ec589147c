package dynamodb_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// One backend is the store and the bus. Nothing is asked of AWS before the first
// call.
func ExampleNew() {
	client := sdk.New(sdk.Options{Region: "eu-central-1"})
	backend, err := dynamodb.New(dynamodb.Config{Client: client, Prefix: "chat-"})
	if err != nil {
		fmt.Println(err)
		return
	}
	config := core.Config{Store: backend, Bus: backend}
	fmt.Println(config.Bus == backend, backend.Tables())
	// Output: true {chat-connections chat-subscriptions chat-events}
}

// The stream's Lambda function starts with lambda.Start(handler). Here it is
// called with what Lambda hands over for one item with two events.
func ExampleBackend_StreamHandler() {
	backend, err := dynamodb.New(dynamodb.Config{Client: sdk.New(sdk.Options{Region: "eu-central-1"})})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := backend.StreamHandler(func(_ context.Context, events []ports.Event) []error { // as Engine.Deliver
		for _, event := range events {
			fmt.Printf("%s: %s\n", event.Topic, event.Payload)
		}
		return make([]error, len(events))
	})
	var batch events.DynamoDBEvent
	err = json.Unmarshal([]byte(`{"Records": [
		{"eventSource": "aws:dynamodb", "eventName": "MODIFY", "dynamodb": {"SequenceNumber": "111", "StreamViewType": "NEW_IMAGE", "NewImage": {
			"id": {"S": "room/42"}, "events": {"L": [
				{"M": {"id": {"S": "1"}, "kind": {"S": "data"}, "payload": {"B": "ImhlbGxvIg=="}, "time": {"N": "0"}}},
				{"M": {"id": {"S": "2"}, "kind": {"S": "data"}, "payload": {"B": "IndvcmxkIg=="}, "time": {"N": "0"}}}
			]}
		}}}
	]}`), &batch)
	if err != nil {
		fmt.Println(err)
		return
	}
	response, err := handler(context.Background(), batch)
	fmt.Println(len(response.BatchItemFailures), err)
	// Output:
	// room/42: "hello"
	// room/42: "world"
	// 0 <nil>
}

// A message is stored and published in one transaction, and so both or neither. In a
// resolver or a hook core.Events makes the events.
func ExampleBackend_TransactItems() {
	client := sdk.New(sdk.Options{Region: "eu-central-1"})
	backend := must.Make(dynamodb.New(dynamodb.Config{Client: client, Prefix: "chat-"}))
	publisher := must.Make(core.NewPublisher(core.PublisherConfig{Bus: backend}))
	messages := core.NewTopic[string]("room/42")

	// docs:start transaction
	transaction := func(ctx context.Context, id, body string) (*sdk.TransactWriteItemsInput, error) {
		events, err := publisher.Events(ctx, messages.Event(body))
		if err != nil {
			return nil, err
		}
		actions, err := backend.TransactItems(events...)
		if err != nil {
			return nil, err
		}
		return &sdk.TransactWriteItemsInput{TransactItems: append(actions, types.TransactWriteItem{Put: &types.Put{
			TableName: aws.String("messages"),
			Item: map[string]types.AttributeValue{
				"id": &types.AttributeValueMemberS{Value: id}, "body": &types.AttributeValueMemberS{Value: body},
			},
			ConditionExpression: aws.String("attribute_not_exists(id)"), // A repetition publishes nothing.
		}})}, nil
	}
	// docs:end transaction

	input := must.Make(transaction(context.Background(), "1", "hello")) // for client.TransactWriteItems
	for _, action := range input.TransactItems {
		fmt.Println(*action.Put.TableName)
	}
	// Output:
	// chat-events
	// messages
}
