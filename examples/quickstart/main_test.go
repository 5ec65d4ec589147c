package main

import (
	"testing"

	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/fanqltest"
)

// docs:start test
func TestMessages(t *testing.T) {
	schema, err := newSchema()
	if err != nil {
		t.Fatal(err)
	}
	client := fanqltest.New(t, core.Config{Schema: schema}).Connect(t)
	messages := client.Subscribe(`subscription { messages { text } }`)
	fanqltest.Query[Message](client, `mutation { send(text: "hello") { text } }`)
	if got := fanqltest.Next[Message](messages); got.Text != "hello" {
		t.Errorf("got %+v", got)
	}
}

// docs:end test
