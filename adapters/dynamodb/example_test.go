package dynamodb_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// One client serves the store and the bus. Nothing is asked of AWS before the
// first call.
func ExampleNewStore() {
	client := sdk.New(sdk.Options{Region: "eu-central-1"})
	store := dynamodb.NewStore(client, dynamodb.StoreConfig{Tables: dynamodb.Tables{
		Connections: "chat-connections", Subscriptions: "chat-subscriptions",
	}})
	bus := dynamodb.NewBus(client, dynamodb.BusConfig{Table: "chat-events"})
	config := core.Config{Store: store, Bus: bus}
	fmt.Println(config.Store == store, config.Bus == bus)
	// Output: true true
}

// The stream's Lambda function starts with lambda.Start(handler). Here it is
// called with what Lambda hands over for one item with two events.
func ExampleNewStreamHandler() {
	deliver := func(_ context.Context, events []ports.Event) []error { // as Engine.Deliver
		for _, event := range events {
			fmt.Printf("%s: %s\n", event.Topic, event.Payload)
		}
		return make([]error, len(events))
	}
	handler := dynamodb.NewStreamHandler(deliver, dynamodb.StreamConfig{
		OnSkipped: func(_ context.Context, record events.DynamoDBEventRecord, cause error) {
			fmt.Println("record", record.Change.SequenceNumber, "was passed over:", cause)
		},
	})
	var batch events.DynamoDBEvent
	err := json.Unmarshal([]byte(`{"Records": [
		{"eventName": "MODIFY", "dynamodb": {"SequenceNumber": "111", "NewImage": {
			"id": {"S": "room/42"}, "events": {"L": [
				{"M": {"id": {"S": "1"}, "kind": {"S": "data"}, "payload": {"B": "ImhlbGxvIg=="}, "time": {"N": "0"}}},
				{"M": {"id": {"S": "2"}, "kind": {"S": "data"}, "payload": {"B": "IndvcmxkIg=="}, "time": {"N": "0"}}}
			]}
		}}},
		{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "222", "NewImage": {"id": {"S": "somebody else's"}}}}
	]}`), &batch)
	if err != nil {
		fmt.Println(err)
		return
	}
	response, err := handler(context.Background(), batch)
	fmt.Println(len(response.BatchItemFailures), err)
	// Output:
	// record 222 was passed over: the record holds no events of this package's
	// room/42: "hello"
	// room/42: "world"
	// 0 <nil>
}
