//go:build integration

package dynamodb_test

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

// fixture is a store on tables of its own, with a clock and a connection that
// lasts an hour.
type fixture struct {
	*dynamodb.Backend
	tables     dynamodb.Tables
	clock      *porttest.Clock
	connection ports.Connection
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	return newFixtureOn(t, newTables(t))
}

func newFixtureOn(t *testing.T, tables dynamodb.Tables) fixture {
	t.Helper()
	clock := porttest.NewClock()
	f := fixture{
		Backend: newBackend(t, dynamodb.Config{Tables: tables, Now: clock.Now}),
		tables:  tables, clock: clock,
		connection: ports.Connection{Address: ports.Address{ID: "connection"}, ExpiresAt: clock.Now().Add(time.Hour)},
	}
	success(t, f.CreateConnection(t.Context(), f.connection))
	return f
}

func (f fixture) operation(id ports.OperationID, topics ...ports.Topic) ports.Operation {
	return ports.Operation{
		Ref: ports.OperationRef{Connection: "connection", ID: id}, Address: f.connection.Address, Topics: topics,
		ReceivedAt: f.clock.Now(), ExpiresAt: f.connection.ExpiresAt,
	}
}

// topics are n of them.
func topics(n int) []ports.Topic {
	list := make([]ports.Topic, n)
	for i := range list {
		list[i] = ports.Topic(fmt.Sprint("topic ", i))
	}
	return list
}

// list follows a listing to its end and counts its pages.
func (f fixture) list(t *testing.T, topic ports.Topic) (ids []ports.OperationID, pages int) {
	t.Helper()
	var request ports.PageRequest
	for {
		page, err := f.ListSubscribers(t.Context(), topic, request)
		success(t, err)
		for _, subscriber := range page.Subscribers {
			ids = append(ids, subscriber.Ref.ID)
		}
		pages++
		if request.After = page.Next; request.After == "" {
			return ids, pages
		}
	}
}

// scan returns all items of a table.
func scan(t *testing.T, table string) []map[string]types.AttributeValue {
	t.Helper()
	output, err := server.Client().Scan(t.Context(), &sdk.ScanInput{TableName: &table})
	success(t, err)
	return output.Items
}

// put writes an item as another program would.
func put(t *testing.T, table string, row map[string]types.AttributeValue) {
	t.Helper()
	_, err := server.Client().PutItem(t.Context(), &sdk.PutItemInput{TableName: &table, Item: row})
	success(t, err)
}

// remove deletes a row of the subscriptions table as TTL does.
func remove(t *testing.T, table string, row map[string]types.AttributeValue) {
	t.Helper()
	_, err := server.Client().DeleteItem(t.Context(), &sdk.DeleteItemInput{
		TableName: &table, Key: map[string]types.AttributeValue{"event": row["event"], "connectionId": row["connectionId"]},
	})
	success(t, err)
}

func textOf(v types.AttributeValue) string {
	s, _ := v.(*types.AttributeValueMemberS)
	if s == nil {
		return ""
	}
	return s.Value
}

func refused(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got error %v, want %v", err, kind)
	}
}

func TestOperationWithAsManyTopicsAsATransactionTakes(t *testing.T) {
	f := newFixture(t)
	refused(t, f.AddOperation(t.Context(), f.operation("1", topics(100)...)), ports.ErrTooLarge)
	success(t, f.AddOperation(t.Context(), f.operation("1", topics(99)...)))
	if got := len(scan(t, f.tables.Subscriptions)); got != 99 {
		t.Errorf("%d rows, want 99", got)
	}
	removed, err := f.RemoveOperation(t.Context(), f.operation("1").Ref, f.clock.Now())
	success(t, err)
	if got := len(scan(t, f.tables.Subscriptions)); got != 0 || !removed {
		t.Errorf("%d rows, removed is %v, want none, true", got, removed)
	}
}

func TestOperationOverATransactionIsTooLarge(t *testing.T) {
	f := newFixture(t)
	operation := f.operation("1", topics(11)...)
	operation.Request = make([]byte, 399<<10)
	refused(t, f.AddOperation(t.Context(), operation), ports.ErrTooLarge)
	operation.Topics = operation.Topics[:10]
	success(t, f.AddOperation(t.Context(), operation))
}

func TestOperationOverItsConnectionsRowIsTooLarge(t *testing.T) {
	f := newFixture(t)
	large := ports.Connection{Address: ports.Address{ID: "large"}, State: make([]byte, 395<<10), ExpiresAt: f.connection.ExpiresAt}
	success(t, f.CreateConnection(t.Context(), large))
	for _, topics := range [][]ports.Topic{nil, {"topic"}} {
		operation := f.operation(ports.OperationID(bytes.Repeat([]byte("x"), 10<<10)), topics...)
		operation.Ref.Connection = "large"
		refused(t, f.AddOperation(t.Context(), operation), ports.ErrTooLarge)
	}
	large.Address.ID, large.State = "larger", make([]byte, 401<<10)
	refused(t, f.CreateConnection(t.Context(), large), ports.ErrTooLarge)
}

func TestListingOverAMegabyteHasPages(t *testing.T) {
	f := newFixture(t)
	for i := range 30 {
		operation := f.operation(ports.OperationID(strconv.Itoa(i)), "topic")
		operation.Request = make([]byte, 100<<10)
		success(t, f.AddOperation(t.Context(), operation))
	}
	ids, pages := f.list(t, "topic")
	seen := map[ports.OperationID]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	if len(ids) != 30 || len(seen) != 30 || pages != 3 {
		t.Errorf("%d operations, %d different ones, on %d pages; want 30, 30, 3", len(ids), len(seen), pages)
	}
}

func TestOperationAgainIsListedAgain(t *testing.T) {
	f := newFixture(t)
	operation := f.operation("1", "a", "b")
	success(t, f.AddOperation(t.Context(), operation))
	success(t, f.RemoveSubscribers(t.Context(), "a", []ports.OperationRef{operation.Ref}))
	success(t, f.AddOperation(t.Context(), operation))
	if ids, _ := f.list(t, "a"); len(ids) != 1 {
		t.Errorf("the topic lists %q, want the operation", ids)
	}
}

func TestOperationAgainKeepsItsTopics(t *testing.T) {
	f := newFixture(t)
	success(t, f.AddOperation(t.Context(), f.operation("1", "a", "b")))
	success(t, f.AddOperation(t.Context(), f.operation("1", "b", "c")))
	for topic, want := range map[ports.Topic]int{"a": 1, "b": 1, "c": 0} {
		if ids, _ := f.list(t, topic); len(ids) != want {
			t.Errorf("topic %s lists %d operations, want %d", topic, len(ids), want)
		}
	}
}

func TestExpiredOperationsDoNotCount(t *testing.T) {
	f := newFixture(t)
	for _, id := range []ports.OperationID{"1", "2"} {
		short := f.operation(id, "topic")
		short.ExpiresAt = f.clock.Now().Add(time.Minute)
		success(t, f.AddOperation(t.Context(), short))
	}
	long := f.operation("3", "topic")
	long.Limit = 2
	refused(t, f.AddOperation(t.Context(), long), ports.ErrTooMany)
	f.clock.Advance(time.Minute)
	success(t, f.AddOperation(t.Context(), long))
	success(t, f.AddOperation(t.Context(), f.operation("1", "topic"))) // Its ID is free.
	if ids, _ := f.list(t, "topic"); len(ids) != 2 {
		t.Errorf("the topic lists %q, want 1 and 3", ids)
	}
}

func TestConnectionWithAnIDUsedBeforeHasNoneOfItsRows(t *testing.T) {
	f := newFixture(t)
	operation := f.operation("1", "topic")
	operation.ExpiresAt = f.clock.Now().Add(5 * time.Hour)
	success(t, f.AddOperation(t.Context(), operation))
	f.clock.Advance(2 * time.Hour)
	f.connection.ExpiresAt = f.clock.Now().Add(time.Hour)
	success(t, f.CreateConnection(t.Context(), f.connection))
	if ids, _ := f.list(t, "topic"); len(ids) != 0 {
		t.Errorf("the topic lists %q", ids)
	}
	operation.ReceivedAt = f.clock.Now()
	success(t, f.AddOperation(t.Context(), operation))
}

func TestNoRowOutlivesItsConnection(t *testing.T) {
	f := newFixture(t)
	for i := range 30 {
		success(t, f.AddOperation(t.Context(), f.operation(ports.OperationID(strconv.Itoa(i)), topics(3)...)))
	}
	removed, err := f.RemoveOperation(t.Context(), f.operation("7").Ref, f.clock.Now())
	success(t, err)
	if ids, _ := f.list(t, "topic 0"); !removed || len(ids) != 29 {
		t.Errorf("removed is %v, %d operations are listed, want true, 29", removed, len(ids))
	}
	_, err = f.DeleteConnection(t.Context(), f.connection.Address.ID)
	success(t, err)
	for _, table := range []string{f.tables.Connections, f.tables.Subscriptions} {
		if items := scan(t, table); len(items) != 0 {
			t.Errorf("%d rows are left", len(items))
		}
	}
}

// TestEveryRowHasATTL: what a lost disconnect leaves behind, DynamoDB deletes.
func TestEveryRowHasATTL(t *testing.T) {
	f := newFixture(t)
	success(t, f.AddOperation(t.Context(), f.operation("1", "topic")))
	success(t, f.SaveCheckpoint(t.Context(), "topic", ports.Checkpoint{ExpiresAt: f.connection.ExpiresAt}))
	success(t, f.TouchConnection(t.Context(), "connection", f.connection.ExpiresAt.Add(time.Hour)))
	bus := newBackend(t, dynamodb.Config{Tables: f.tables, Now: f.clock.Now, EventTTL: 2 * time.Hour})
	success(t, bus.Publish(t.Context(), ports.Event{Topic: "topic"}))
	now := f.clock.Now().Unix()
	ttl := map[string]int64{
		"connection": now + 7200, "connection#a4ayc_80_OGda4BO_1o_Vw": now + 7200, "\x00": now + 3600, "topic": now + 7200,
	}
	for _, table := range []string{f.tables.Connections, f.tables.Subscriptions, f.tables.Events} {
		for _, row := range scan(t, table) {
			key, ok := row["connectionId"].(*types.AttributeValueMemberS)
			if !ok {
				key, _ = row["id"].(*types.AttributeValueMemberS)
			}
			got, _ := row["ttl"].(*types.AttributeValueMemberN)
			if want := strconv.FormatInt(ttl[key.Value], 10); got == nil || got.Value != want {
				t.Errorf("the TTL of %q is %v, want %s", key.Value, got, want)
			}
			delete(ttl, key.Value)
		}
	}
	if len(ttl) != 0 {
		t.Errorf("no rows were found for %v", ttl)
	}
}

// tombstones counts those of the connection.
func (f fixture) tombstones(t *testing.T) int {
	t.Helper()
	tombstones, _ := scan(t, f.tables.Connections)[0]["tombstones"].(*types.AttributeValueMemberM)
	return len(tombstones.Value)
}

func TestTombstonesArePruned(t *testing.T) {
	f := newFixture(t)
	complete := func(id int) {
		_, err := f.RemoveOperation(t.Context(), f.operation(ports.OperationID(strconv.Itoa(id))).Ref, f.clock.Now())
		success(t, err)
	}
	for id := range 15 {
		complete(id)
	}
	if got := f.tombstones(t); got != 15 {
		t.Errorf("%d tombstones, want 15", got)
	}
	f.clock.Advance(time.Minute)
	complete(100)
	if got := f.tombstones(t); got != 6 {
		t.Errorf("%d tombstones a minute later, want 6", got)
	}
	success(t, f.AddOperation(t.Context(), f.operation("subscription", "topic")))
	f.clock.Advance(time.Minute)
	removed, err := f.RemoveOperation(t.Context(), f.operation("subscription").Ref, f.clock.Now())
	success(t, err)
	if got := f.tombstones(t); got != 1 || !removed {
		t.Errorf("%d tombstones after a removal, removed is %v, want 1, true", got, removed)
	}
}

// TestQueryLeavesNoTombstone: the engine ends it at the time that it was received.
func TestQueryLeavesNoTombstone(t *testing.T) {
	f := newFixture(t)
	query := f.operation("query")
	success(t, f.AddOperation(t.Context(), query))
	removed, err := f.RemoveOperation(t.Context(), query.Ref, query.ReceivedAt)
	success(t, err)
	if got := f.tombstones(t); got != 0 || !removed {
		t.Errorf("%d tombstones, removed is %v, want none, true", got, removed)
	}
}

// TestManyCompleteAtOnce: a page that leaves ends all of its subscriptions, and
// each call prunes what all of them read.
func TestManyCompleteAtOnce(t *testing.T) {
	f := newFixture(t)
	for id := range 12 {
		_, err := f.RemoveOperation(t.Context(), f.operation(ports.OperationID(strconv.Itoa(id))).Ref, f.clock.Now())
		success(t, err)
	}
	f.clock.Advance(time.Minute)
	refs := make([]ports.OperationRef, 12)
	for id := range refs {
		operation := f.operation(ports.OperationID(fmt.Sprint("subscription ", id)), "topic")
		refs[id] = operation.Ref
		success(t, f.AddOperation(t.Context(), operation))
	}
	f.clock.Advance(time.Second)
	var all sync.WaitGroup
	for _, ref := range refs {
		all.Go(func() {
			if removed, err := f.RemoveOperation(t.Context(), ref, f.clock.Now()); err != nil || !removed {
				t.Errorf("RemoveOperation: %v, %v", removed, err)
			}
		})
	}
	all.Wait()
	if ids, _ := f.list(t, "topic"); len(ids) != 0 {
		t.Errorf("the topic lists %q", ids)
	}
}

func TestCompleteOfAnUnknownConnectionLeavesNothing(t *testing.T) {
	f := newFixture(t)
	removed, err := f.RemoveOperation(t.Context(), ports.OperationRef{Connection: "unknown", ID: "1"}, f.clock.Now())
	success(t, err)
	if rows := scan(t, f.tables.Connections); removed || len(rows) != 1 {
		t.Errorf("removed is %v, and there are %d rows, want false, 1", removed, len(rows))
	}
}

// TestExistingTables: those of the older library have a secondary index, which
// stays empty, and rows, which are none of ours.
func TestExistingTables(t *testing.T) {
	tables := newTables(t)
	tables.Subscriptions += ".with-index"
	createIndexed(t, tables.Subscriptions)
	foreign := map[string]types.AttributeValue{
		"event": &types.AttributeValueMemberS{Value: "topic"}, "connectionId": &types.AttributeValueMemberS{Value: "older"},
		"subscriptionId": &types.AttributeValueMemberS{Value: "1"}, "ttl": &types.AttributeValueMemberN{Value: "9999999999"},
	}
	_, err := server.Client().PutItem(t.Context(), &sdk.PutItemInput{TableName: &tables.Subscriptions, Item: foreign})
	success(t, err)
	f := newFixtureOn(t, tables)
	success(t, f.AddOperation(t.Context(), f.operation("1", "topic")))
	if ids, _ := f.list(t, "topic"); len(ids) != 1 || ids[0] != "1" {
		t.Errorf("the topic lists %q, want 1", ids)
	}
	index, err := server.Client().Scan(t.Context(), &sdk.ScanInput{TableName: &tables.Subscriptions, IndexName: aws.String("operations")})
	success(t, err)
	if len(index.Items) != 0 {
		t.Errorf("the index has %d rows, and costs something", len(index.Items))
	}
	removed, err := f.RemoveOperation(t.Context(), f.operation("1").Ref, f.clock.Now())
	success(t, err)
	if !removed {
		t.Errorf("removed is false")
	}
}

// TestConnectionsOfTheOlderLibrary are none of ours: nobody is called for their end, and
// their rows go.
func TestConnectionsOfTheOlderLibrary(t *testing.T) {
	f := newFixture(t)
	row := map[string]types.AttributeValue{
		"id": &types.AttributeValueMemberS{Value: "older"}, "isInitialized": &types.AttributeValueMemberBOOL{Value: true},
		"domain": &types.AttributeValueMemberS{Value: "example.com"}, "stage": &types.AttributeValueMemberS{Value: "live"},
		"connectContext": &types.AttributeValueMemberM{}, "ttl": &types.AttributeValueMemberN{Value: "9999999999"},
	}
	_, err := server.Client().PutItem(t.Context(), &sdk.PutItemInput{TableName: &f.tables.Connections, Item: row})
	success(t, err)
	if _, err := f.GetConnection(t.Context(), "older"); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("GetConnection returns %v, want ErrNotFound", err)
	}
	removed, err := f.DeleteConnection(t.Context(), "older")
	success(t, err)
	if removed.Found || len(removed.Operations) != 0 {
		t.Errorf("removed %+v, want nothing to tell hooks of", removed)
	}
	left, err := server.Client().GetItem(t.Context(), &sdk.GetItemInput{
		TableName: &f.tables.Connections, Key: map[string]types.AttributeValue{"id": row["id"]},
	})
	success(t, err)
	if len(left.Item) != 0 {
		t.Errorf("the row is still there: %v", left.Item)
	}
}

// createIndexed creates a table of subscriptions with an index by connection and
// operation.
func createIndexed(t *testing.T, name string) {
	t.Helper()
	key := func(name string, kind types.KeyType) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: &name, KeyType: kind}
	}
	input := &sdk.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{key("event", types.KeyTypeHash), key("connectionId", types.KeyTypeRange)},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName:  aws.String("operations"),
			KeySchema:  []types.KeySchemaElement{key("connectionId", types.KeyTypeHash), key("operationId", types.KeyTypeRange)},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		}},
	}
	for _, attribute := range []string{"event", "connectionId", "operationId"} {
		input.AttributeDefinitions = append(input.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: aws.String(attribute), AttributeType: types.ScalarAttributeTypeS,
		})
	}
	_, err := server.Client().CreateTable(t.Context(), input)
	success(t, err)
}

func TestCreateTables(t *testing.T) {
	tables := newTables(t)
	success(t, newBackend(t, dynamodb.Config{Tables: tables}).CreateTables(t.Context())) // again
	for name, stream := range map[string]bool{tables.Connections: false, tables.Subscriptions: false, tables.Events: true} {
		described, err := server.Client().DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: &name})
		success(t, err)
		specification := described.Table.StreamSpecification
		if (specification != nil) != stream || stream && specification.StreamViewType != types.StreamViewTypeNewImage {
			t.Errorf("%s: the stream is %+v", name, specification)
		}
		ttl, err := server.Client().DescribeTimeToLive(t.Context(), &sdk.DescribeTimeToLiveInput{TableName: &name})
		success(t, err)
		if ttl.TimeToLiveDescription.TimeToLiveStatus != types.TimeToLiveStatusEnabled || *ttl.TimeToLiveDescription.AttributeName != "ttl" {
			t.Errorf("%s: TTL is %+v", name, ttl.TimeToLiveDescription)
		}
	}
}
