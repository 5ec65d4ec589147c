package gqlgen_test

import (
	"context"
	"errors"
	"testing"

	"github.com/fanql/fanql/adapters/gqlgen/internal/testschema"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqltest"
)

// posts is what happens in one room.
func posts(room string) core.Topic[*testschema.Post] {
	return core.NewTopic[*testschema.Post]("posts/" + room)
}

func TestSubscriptionsOnTheEngine(t *testing.T) {
	schema := newSchema(t, &testschema.Resolver{Added: func(ctx context.Context, room string) (<-chan *testschema.Post, error) {
		if room == "" {
			return nil, core.Public("room must not be empty")
		}
		return posts(room).Channel(ctx, core.Initial(func(context.Context) (any, error) { return testschema.Post{Title: "initial"}, nil }))
	}})
	server := fanqltest.New(t, core.Config{Schema: schema})
	client := server.Connect(t)
	const document = `subscription($r:String!){added(room:$r){title}}`

	refused := client.Subscribe(document, fanqltest.Variables{"r": ""})
	if errs := refused.Errors(); len(errs) != 1 || errs[0].Message != "room must not be empty" {
		t.Errorf("refused with %+v", errs)
	}
	feed := client.Subscribe(document, fanqltest.Variables{"r": "go"})
	wantEqual(t, "initial", fanqltest.Next[testschema.Post](feed).Title, "initial")
	if err := server.Engine.Publish(t.Context(), posts("other").Event(&testschema.Post{Title: "other"}), posts("go").Event(&testschema.Post{Title: "hello"})); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "event", fanqltest.Next[testschema.Post](feed).Title, "hello")
	feed.Nothing()
}

func TestOwnChannelOnTheEngine(t *testing.T) {
	var reported []error
	schema := newSchema(t, &testschema.Resolver{Maybe: func(context.Context) (<-chan *testschema.Post, error) {
		events := make(chan *testschema.Post, 1)
		events <- &testschema.Post{}
		return events, nil
	}})
	server := fanqltest.New(t, core.Config{Schema: schema, Hooks: core.Hooks{OnError: func(_ context.Context, err error) { reported = append(reported, err) }}})
	refused := server.Connect(t).Subscribe(`subscription{maybe{title}}`)
	if errs := refused.Errors(); len(errs) != 1 || errs[0].Message != "internal error" {
		t.Errorf("refused with %+v", errs)
	}
	if len(reported) != 1 || errors.Unwrap(reported[0]) == nil {
		t.Errorf("reported: %v", reported)
	}
}
