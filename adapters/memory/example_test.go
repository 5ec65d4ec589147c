package memory_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/ports"
)

func ExampleNew() {
	ctx, hour := context.Background(), time.Now().Add(time.Hour)
	backend, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := ports.Address{ID: "client"}
	operation := ports.Operation{
		Ref:     ports.OperationRef{Connection: client.ID, ID: "1"},
		Address: client, Topics: []ports.Topic{"room/42"}, ExpiresAt: hour,
	}

	fmt.Println(backend.AddOperation(ctx, operation))
	fmt.Println(backend.CreateConnection(ctx, ports.Connection{Address: client, ExpiresAt: hour}))
	fmt.Println(backend.AddOperation(ctx, operation))

	page, err := backend.ListSubscribers(ctx, "room/42", ports.PageRequest{})
	for _, subscriber := range page.Subscribers {
		fmt.Println(subscriber.Ref, err)
	}
	// Output:
	// memory.AddOperation: not found
	// <nil>
	// <nil>
	// {client 1} <nil>
}

func ExampleBackend() {
	backend, err := memory.New(memory.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		done <- backend.Consume(ctx, func(_ context.Context, events []ports.Event) []error {
			for _, event := range events {
				fmt.Println(event.Topic, event.ID, event.Position)
			}
			return make([]error, len(events))
		})
	}()

	fmt.Println(backend.Publish(ctx, ports.Event{ID: "one", Topic: "room/42"}, ports.Event{ID: "two", Topic: "room/42"}))
	fmt.Println(backend.Flush(ctx)) // Both have been delivered.
	stop()
	fmt.Println(<-done)
	// Unordered output:
	// <nil>
	// room/42 one 0000000000000001
	// room/42 two 0000000000000002
	// <nil>
	// <nil>
}

func ExampleNewPusher() {
	ctx := context.Background()
	pusher, err := memory.NewPusher(memory.PusherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	socket := pusher.Open(ports.Address{ID: "client"})

	fmt.Println(pusher.Push(ctx, socket.Address(), ports.Frame{
		Head: []byte(`{"id":"1","type":"next","payload":`), Payload: []byte(`{"data":{}}`), Tail: []byte(`}`),
	}))
	fmt.Println(pusher.Close(ctx, socket.Address(), 4403, "Forbidden"))

	message, err := socket.Receive(ctx)
	fmt.Println(string(message), err)
	_, err = socket.Receive(ctx)
	if end, ok := errors.AsType[*memory.CloseError](err); ok {
		fmt.Println(end.Code, end.Reason)
	}
	// Output:
	// <nil>
	// <nil>
	// {"id":"1","type":"next","payload":{"data":{}}} <nil>
	// 4403 Forbidden
}
