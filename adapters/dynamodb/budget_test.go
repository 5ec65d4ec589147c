//go:build integration

package dynamodb_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/ports"
)

// budget runs the engine's verbs on DynamoDB and notes what each takes. The clock
// is the test's, so that the rows have the same size in every run.
type budget struct {
	t        *testing.T
	tables   dynamodb.Tables
	recorder *recorder
	backend  *dynamodb.Backend
	engine   *core.Engine
	now      time.Time
	sockets  int
	rows     []budgetRow
}

// budgetRow is a line of the table.
type budgetRow struct {
	verb string
	spent
}

func newBudget(t *testing.T) *budget {
	t.Helper()
	b := &budget{t: t, tables: newTables(t), recorder: &recorder{}, now: time.Date(2100, 1, 1, 0, 0, 0, 123456789, time.UTC)}
	now := func() time.Time { return b.now }
	client := b.recorder.client()
	b.backend = newBackend(t, dynamodb.Config{Client: client, Tables: b.tables, Now: now})
	schema, err := graphqlgo.NewSchema(graphql.SchemaConfig{
		Query: graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{
			"now": &graphql.Field{Type: graphql.String},
		}}),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: "Subscription", Fields: graphql.Fields{
			"feed": &graphql.Field{
				Type: graphql.String,
				Args: graphql.FieldConfigArgument{"rooms": &graphql.ArgumentConfig{Type: graphql.NewList(graphql.String)}},
				Subscribe: func(p graphql.ResolveParams) (any, error) {
					var topics []string
					rooms, _ := p.Args["rooms"].([]any)
					for _, room := range rooms {
						topics = append(topics, fmt.Sprint("room/", room))
					}
					return core.Subscribe(p.Context, topics)
				},
				Resolve: func(p graphql.ResolveParams) (any, error) { return p.Source, nil },
			},
			"kept": keptField(),
		}}),
	})
	success(t, err)
	b.engine, err = core.New(core.Config{
		Schema: schema, Store: b.backend, Pusher: b.recorder, Now: now,
		Bus: b.backend, History: b.backend,
		NewID: func() string { return "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
		Hooks: core.Hooks{OnConnect: func(_ context.Context, handshake ports.Handshake) (core.Session, error) {
			return core.Session{
				State: map[string]string{"user": "0123456789", "name": "Ada Lovelace"}, Identity: handshake.Header.Get("Identity"),
			}, nil
		}},
	})
	success(t, err)
	return b
}

// verb runs one and compares the requests with those that the budget allows.
func (b *budget) verb(name, want string, posts int, run func() error) spent {
	b.t.Helper()
	b.recorder.take()
	success(b.t, run())
	took := b.recorder.take()
	if got := took.summary(); got != want {
		b.t.Errorf("%s: made %s, want %s", name, got, want)
	}
	if took.posts != posts {
		b.t.Errorf("%s: made %d posts, want %d", name, took.posts, posts)
	}
	if took.reads == 0 && strings.ContainsAny(want, "GQ") || took.writes == 0 && strings.ContainsAny(want, "UWD") {
		b.t.Errorf("%s: no capacity was consumed", name)
	}
	b.rows = append(b.rows, budgetRow{name, took})
	return took
}

// quietly prepares something that is not in the table.
func (b *budget) quietly(run func() error) {
	b.t.Helper()
	success(b.t, run())
}

// socket is a client, connected or not.
type socket struct {
	b       *budget
	address ports.Address
}

// socket names a client as API Gateway does.
func (b *budget) socket() socket {
	b.sockets++
	return socket{b, ports.Address{
		ID:       ports.ConnectionID(fmt.Sprintf("L0SM9cOFv%05dIhw=", b.sockets)),
		Endpoint: "https://0123456789.execute-api.us-east-1.amazonaws.com/production",
	}}
}

func (s socket) connect() error { return s.connectAs(http.Header{}) }

func (s socket) connectAs(header http.Header) error {
	_, err := s.b.engine.Connect(s.b.t.Context(), ports.Handshake{
		Address: s.address, RequestID: "request", ReceivedAt: s.b.now, Protocols: []string{"graphql-transport-ws"}, Header: header,
	})
	return err
}

func (s socket) send(message map[string]any) error {
	data, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return s.b.engine.Receive(s.b.t.Context(), ports.Message{
		Address: s.address, RequestID: "L0SM9EJGPHcFdag=", ReceivedAt: s.b.now, Data: data,
	})
}

func (s socket) init() error { return s.send(map[string]any{"type": "connection_init"}) }

func (s socket) subscribe(id string, rooms ...string) error {
	return s.send(map[string]any{"type": "subscribe", "id": id, "payload": map[string]any{
		"query":     "subscription Feed($rooms: [String]) {\n  feed(rooms: $rooms)\n}",
		"variables": map[string]any{"rooms": rooms},
	}})
}

func (s socket) complete(id string) error {
	return s.send(map[string]any{"type": "complete", "id": id})
}

// ready is a client whose connection_init was accepted.
func (b *budget) ready() socket {
	s := b.socket()
	b.quietly(s.connect)
	b.quietly(s.init)
	return s
}

// rooms are k names that nobody else uses.
func (b *budget) rooms(k int) []string {
	list := make([]string, k)
	for i := range list {
		list[i] = fmt.Sprintf("%05d-%02d", b.sockets, i)
	}
	return list
}

// operationID is one as the npm client makes it.
func operationID(n int) string { return fmt.Sprintf("f81d4fae-7dec-11d0-a765-%012d", n) }

// TestRequestBudget asserts the table of requests per verb, and that
// docs/costs.md shows what came out.
func TestRequestBudget(t *testing.T) {
	b := newBudget(t)
	session := b.connecting()
	session = append(session, b.subscribing()...)
	publish := b.publishing()
	deliver := b.delivering()
	b.remembering()
	b.completing()
	session = append(session, b.disconnecting()...)
	ping := b.saying()
	documented(t, "budget", b.table())
	documented(t, "example", example(session, ping, publish, deliver))
	documented(t, "standing", standing())
}

func (b *budget) connecting() []spent {
	s := b.socket()
	connected := b.verb("`$connect`", "1 UpdateItem", 0, s.connect)
	session := []spent{connected, b.verb("`connection_init`", "1 UpdateItem", 1, s.init)}
	somebody := b.socket()
	b.quietly(func() error { return somebody.connectAs(http.Header{"Identity": {"ada"}}) })
	b.verb("`connection_init`, with an identity", "1 UpdateItem, 1 TransactWriteItems", 1, somebody.init)
	return session
}

func (b *budget) subscribing() (one []spent) {
	for _, k := range []int{1, 5, 25} {
		s := b.ready()
		took := b.verb(fmt.Sprintf("`subscribe`, K = %d", k), "1 GetItem, 1 TransactWriteItems", 0, func() error {
			return s.subscribe(operationID(1), b.rooms(k)...)
		})
		if k == 1 {
			one = append(one, took)
		}
	}
	s := b.ready()
	b.verb("`subscribe`, refused by its resolver", "1 GetItem", 1, func() error { return s.subscribe(operationID(1)) })
	b.verb("query or mutation on a socket", "2 GetItem, 1 UpdateItem, 1 TransactWriteItems", 2, func() error {
		return s.send(map[string]any{"type": "subscribe", "id": operationID(2), "payload": map[string]any{"query": "{ now }"}})
	})
	return one
}

func (b *budget) publishing() spent {
	ctx := b.t.Context()
	payload := map[string]string{"text": strings.Repeat("x", 200)}
	one := b.verb("publish, 1 event", "1 PutItem", 0, func() error { return b.engine.Publish(ctx, core.NewTopic[any]("room/1").Event(payload)) })
	ten := make([]core.Event, 10)
	for i := range ten {
		ten[i] = core.NewTopic[any]("room/1").Event(payload)
	}
	b.verb("publish, 10 events of 1 topic in one call", "1 PutItem", 0, func() error { return b.engine.Publish(ctx, ten...) })
	for i := range ten {
		ten[i] = core.NewTopic[any](fmt.Sprint("hall/", i)).Event(payload)
	}
	b.verb("publish, 10 topics in one call", "10 PutItem", 0, func() error { return b.engine.Publish(ctx, ten...) })
	return one
}

// deliveryCalls has one query a page, and one read of the checkpoint where there is
// a second page.
func deliveryCalls(pages int) string {
	if pages > 1 {
		return fmt.Sprintf("%d Query, 1 GetItem", pages)
	}
	return fmt.Sprintf("%d Query", pages)
}

// delivering returns what an event to 10,000 subscribers takes.
func (b *budget) delivering() spent {
	payload, err := json.Marshal(map[string]string{"text": strings.Repeat("x", 200)})
	success(b.t, err)
	deliver := func(topic string, events int) func() error {
		list := make([]ports.Event, events)
		for i := range list {
			list[i] = ports.Event{ID: strconv.Itoa(i), Topic: ports.Topic(topic), Kind: ports.EventData, Payload: payload, Time: b.now}
		}
		return func() error {
			for _, err := range b.engine.Deliver(b.t.Context(), list) {
				if err != nil {
					return err
				}
			}
			return nil
		}
	}
	var last spent
	for _, n := range []int{1, 100, 1_000, 10_000} {
		room, bytes := b.crowd(n)
		pages := (bytes + 1<<20 - 1) >> 20
		last = b.verb(fmt.Sprintf("deliver 1 event, N = %s (%d bytes each)", thousands(n), bytes/n),
			deliveryCalls(pages), n, deliver(room, 1))
		if n == 1_000 {
			b.verb("deliver 10 events of 1 topic in one batch, N = 1,000", deliveryCalls(pages), 10*n, deliver(room, 10))
		}
	}
	return last
}

// crowd subscribes n clients to one topic, and returns the size of their rows.
// All but the first are copies of its row.
func (b *budget) crowd(n int) (topic string, bytes int) {
	s, room := b.ready(), b.rooms(1)[0]
	b.quietly(func() error { return s.subscribe(operationID(1), room) })
	var row map[string]types.AttributeValue
	for _, candidate := range scan(b.t, b.tables.Subscriptions) {
		if key, _ := candidate["connectionId"].(*types.AttributeValueMemberS); strings.HasPrefix(key.Value, string(s.address.ID)) {
			row = candidate
		}
	}
	key, _ := row["connectionId"].(*types.AttributeValueMemberS)
	_, hash, _ := strings.Cut(key.Value, "#")
	var batch []types.WriteRequest
	flush := func() error {
		_, err := server.Client().BatchWriteItem(b.t.Context(), &sdk.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{b.tables.Subscriptions: batch},
		})
		batch = nil
		return err
	}
	for i := 1; i < n; i++ {
		b.sockets++
		copied := maps.Clone(row)
		copied["connectionId"] = &types.AttributeValueMemberS{Value: fmt.Sprintf("L0SM9cOFv%05dIhw=#%s", b.sockets, hash)}
		if batch = append(batch, types.WriteRequest{PutRequest: &types.PutRequest{Item: copied}}); len(batch) == 25 {
			b.quietly(flush)
		}
	}
	if len(batch) > 0 {
		b.quietly(flush)
	}
	return "room/" + room, n * sizeOfItem(row)
}

func (b *budget) completing() {
	for _, k := range []int{1, 5, 25} {
		s := b.ready()
		b.quietly(func() error { return s.subscribe(operationID(1), b.rooms(k)...) })
		b.now = b.now.Add(time.Second)
		b.verb(fmt.Sprintf("`complete`, K = %d", k), "1 GetItem, 1 TransactWriteItems", 0, func() error {
			return s.complete(operationID(1))
		})
	}
	s := b.ready()
	b.verb("`complete` that overtakes its `subscribe`", "2 GetItem, 1 UpdateItem", 0, func() error { return s.complete(operationID(1)) })
	b.verb("`subscribe` that was overtaken", "1 GetItem, 1 TransactWriteItems", 0, func() error { return s.subscribe(operationID(1), "1") })
}

func (b *budget) disconnecting() (one []spent) {
	for _, test := range []struct {
		m, k int
		want string
	}{
		{0, 0, "1 DeleteItem"},
		{1, 1, "1 DeleteItem, 1 BatchWriteItem"},
		{5, 5, "1 DeleteItem, 1 BatchWriteItem"},
		{10, 5, "1 DeleteItem, 2 BatchWriteItem"},
		{30, 5, "1 DeleteItem, 6 BatchWriteItem"},
	} {
		s := b.ready()
		for m := range test.m {
			b.quietly(func() error { return s.subscribe(operationID(m), b.rooms(test.k)...) })
		}
		took := b.verb(fmt.Sprintf("disconnect, M = %d, K = %d", test.m, test.k), test.want, 0, s.disconnect)
		if test.m == 1 {
			one = append(one, took)
		}
	}
	return one
}

// saying returns what a ping takes.
func (b *budget) saying() spent {
	s := b.ready()
	ping := b.verb("`ping`", "1 GetItem", 1, func() error { return s.send(map[string]any{"type": "ping"}) })
	b.verb("`pong`", "1 GetItem", 0, func() error { return s.send(map[string]any{"type": "pong"}) })
	b.verb("junk, which ends the connection", "1 GetItem, 1 DeleteItem", 0, func() error { return s.send(map[string]any{"type": "junk"}) })
	return ping
}

// table is the budget in Markdown.
func (b *budget) table() string {
	var table strings.Builder
	table.WriteString("| verb | requests of DynamoDB | read units | write units | posts |\n|---|---|--:|--:|--:|\n")
	for _, row := range b.rows {
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", row.verb, row.summary(), units(row.reads), units(row.writes), thousands(row.posts))
	}
	return table.String()
}

func units(n float64) string {
	if n == float64(int(n)) {
		return thousands(int(n))
	}
	return fmt.Sprintf("%.1f", n)
}

func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// documented compares a table with the one that docs/costs.md shows.
func documented(t *testing.T, name, table string) {
	t.Helper()
	t.Logf("%s:\n%s", name, table)
	document, err := os.ReadFile("../../docs/costs.md")
	success(t, err)
	_, after, _ := strings.Cut(string(document), "<!-- "+name+":start -->\n")
	shown, _, ok := strings.Cut(after, "<!-- "+name+":end -->")
	if !ok || strings.TrimSpace(shown) != strings.TrimSpace(table) {
		t.Errorf("docs/costs.md does not show this table between <!-- %[1]s:start --> and <!-- %[1]s:end -->; put in the one above", name)
	}
}
