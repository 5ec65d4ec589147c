package schema_test

import (
	"strings"
	"testing"

	"github.com/fanql/fanql/core"
	chatgqlgen "github.com/fanql/fanql/examples/chat-gqlgen"
	chatgraphqlgo "github.com/fanql/fanql/examples/chat-graphqlgo"
	"github.com/fanql/fanql/examples/chat/schema"
	"github.com/fanql/fanql/fanqltest"
	"github.com/fanql/fanql/ports"
)

type name struct {
	Name string `json:"name"`
}

type update struct {
	History []schema.Message
	Message *schema.Message
	Typing  *string
}

const room = `subscription ($name: String!) { room(name: $name) { history { author text } message { author text } typing } }`

// onEachSchema runs a test on the chat in both libraries.
func onEachSchema(t *testing.T, test func(t *testing.T, server *fanqltest.Server)) {
	t.Helper()
	for name, newSchema := range map[string]func(schema.History) (ports.Schema, error){
		"graphql-go": func(history schema.History) (ports.Schema, error) { return chatgraphqlgo.New(history) },
		"gqlgen":     func(history schema.History) (ports.Schema, error) { return chatgqlgen.New(history) },
	} {
		t.Run(name, func(t *testing.T) {
			chat, err := newSchema(schema.NewMemoryHistory("general"))
			if err != nil {
				t.Fatal(err)
			}
			test(t, fanqltest.New(t, core.Config{Schema: chat, Hooks: schema.Hooks()}))
		})
	}
}

func TestARoomTellsItsHistoryThenWhatHappens(t *testing.T) {
	onEachSchema(t, aRoomTellsItsHistoryThenWhatHappens)
}

func aRoomTellsItsHistoryThenWhatHappens(t *testing.T, server *fanqltest.Server) {
	ada := server.Connect(t, fanqltest.Payload(name{"Ada"}))
	grace := server.Connect(t, fanqltest.Payload(name{"Grace"}))
	fanqltest.Query[any](ada, `mutation { send(room: "general", text: "anybody here?") { id } }`)
	server.Flush(t)

	toGrace := grace.Subscribe(room, fanqltest.Variables{"name": "general"})
	first := fanqltest.Next[update](toGrace)
	if len(first.History) != 1 || first.History[0].Author != "Ada" || first.Message != nil {
		t.Errorf("the first update is %+v, want Ada's message as history", first)
	}
	toGrace.Nothing()

	fanqltest.Query[bool](ada, `mutation { typing(room: "general") }`)
	if typing := fanqltest.Next[update](toGrace).Typing; typing == nil || *typing != "Ada" {
		t.Errorf("%v is typing, want Ada", typing)
	}
	fanqltest.Query[any](ada, `mutation { send(room: "general", text: "hello") { id } }`)
	next := fanqltest.Next[update](toGrace)
	if next.Message == nil || next.Message.Text != "hello" || next.History != nil {
		t.Errorf("the update is %+v, want a message and no history", next)
	}
	toGrace.Nothing()
}

func TestNobodyIsToldThatTheyType(t *testing.T) { onEachSchema(t, nobodyIsToldThatTheyType) }

func nobodyIsToldThatTheyType(t *testing.T, server *fanqltest.Server) {
	ada := server.Connect(t, fanqltest.Payload(name{"Ada"}))
	feed := ada.Subscribe(room, fanqltest.Variables{"name": "general"})
	if history := fanqltest.Next[update](feed).History; history == nil || len(history) != 0 {
		t.Errorf("the history of an empty room is %v, want an empty list", history)
	}
	fanqltest.Query[bool](ada, `mutation { typing(room: "general") }`)
	feed.Nothing()
}

func TestActivityIsEveryRoom(t *testing.T) { onEachSchema(t, activityIsEveryRoom) }

func activityIsEveryRoom(t *testing.T, server *fanqltest.Server) {
	ada := server.Connect(t, fanqltest.Payload(name{"Ada"}))
	activity := ada.Subscribe(`subscription { activity { room text } }`)
	fanqltest.Query[any](ada, `mutation { send(room: "new", text: "first") { id } }`)
	if said := fanqltest.Next[schema.Message](activity); said.Room != "new" || said.Text != "first" {
		t.Errorf("got %+v", said)
	}
	rooms := fanqltest.Query[[]schema.Room](ada, `{ rooms { name lastMessage { text } } }`)
	if len(rooms) != 2 || rooms[1].Name != "new" || rooms[1].LastMessage.Text != "first" {
		t.Errorf("the rooms are %+v", rooms)
	}
}

func TestWhatCannotBeSaid(t *testing.T) { onEachSchema(t, whatCannotBeSaid) }

func whatCannotBeSaid(t *testing.T, server *fanqltest.Server) {
	nobody := server.Connect(t)
	for document, want := range map[string]string{
		`mutation { send(room: "general", text: "x") { id } }`:                                              "author is required",
		`mutation { send(room: "general", text: " ", author: "a") { id } }`:                                 "text must not be empty",
		`mutation { send(room: "", text: "x", author: "a") { id } }`:                                        "room must not be empty",
		`mutation { send(room: "general", author: "a", text: "` + strings.Repeat("ä", 2001) + `") { id } }`: "at most 2000 characters, not 2001",
		`mutation { send(room: "general", text: "x", author: "` + strings.Repeat("a", 41) + `") { id } }`:   "author must have at most 40",
	} {
		operation := nobody.Subscribe(document)
		if errs := operation.Result().Errors; len(errs) != 1 || !strings.Contains(errs[0].Message, want) {
			t.Errorf("%.60s: got errors %+v, want %q", document, errs, want)
		}
		operation.Completed()
	}
	if refusal := server.Refused(t, fanqltest.Payload(name{strings.Repeat("n", 41)})); !strings.Contains(refusal.Reason, "name must have at most 40") {
		t.Errorf("refused because %q", refusal.Reason)
	}
}
