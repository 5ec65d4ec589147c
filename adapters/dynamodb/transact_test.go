//go:build integration

package dynamodb_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/dynamolocal"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// order is the row that a program writes together with an event: it may be there once.
// Its table stands for one of the program's own.
func order(table, id string) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName: &table, Item: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}},
		ConditionExpression: aws.String("attribute_not_exists(id)"),
	}}
}

// transactions are the orders of one test.
type transactions struct {
	*dynamodb.Backend
	tables dynamodb.Tables
}

func newTransactions(t *testing.T) transactions {
	t.Helper()
	tables := newTables(t)
	return transactions{newBackend(t, dynamodb.Config{Tables: tables}), tables}
}

// with puts an order and its event into one transaction.
func (x transactions) with(t *testing.T, id string) *sdk.TransactWriteItemsInput {
	t.Helper()
	items, err := x.TransactItems(ports.Event{ID: id, Topic: "orders", Kind: ports.EventData})
	success(t, err)
	return &sdk.TransactWriteItemsInput{TransactItems: append(items, order(x.tables.Connections, id))}
}

// published are the IDs of all events on the topic.
func (x transactions) published(t *testing.T) []string {
	t.Helper()
	success(t, x.Publish(t.Context(), ports.Event{ID: "end", Topic: "orders"}))
	ids := consume(t, x.tables.Events)
	return ids[:len(ids)-1]
}

// orders are the IDs of all rows.
func (x transactions) orders(t *testing.T) (ids []string) {
	t.Helper()
	for _, row := range scan(t, x.tables.Connections) {
		ids = append(ids, textOf(row["id"]))
	}
	slices.Sort(ids)
	return ids
}

func TestTransactionThatFailsPublishesNothing(t *testing.T) {
	x := newTransactions(t)
	var done []string
	for _, id := range []string{"1", "2", "1", "3"} {
		_, err := server.Client().TransactWriteItems(t.Context(), x.with(t, id))
		failed, again := err != nil, slices.Contains(done, id)
		if _, cancelled := errors.AsType[*types.TransactionCanceledException](err); cancelled != again || failed != again {
			t.Errorf("order %s: %v", id, err)
		}
		done = append(done, id)
	}
	if got := x.published(t); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("published %q, want 1, 2, 3", got)
	}
}

// TestTransactionAgainPublishesOnce: with its token, and when the SDK repeats one whose
// answer was lost.
func TestTransactionAgainPublishesOnce(t *testing.T) {
	x, f := newTransactions(t), &faults{}
	input := x.with(t, "1")
	input.ClientRequestToken = aws.String(rand.Text())
	for range 3 {
		_, err := server.Client().TransactWriteItems(t.Context(), input)
		success(t, err)
	}
	client := f.patient()
	f.set(func(f *faults) { f.lose = once("TransactWriteItems") })
	_, err := client.TransactWriteItems(t.Context(), x.with(t, "2"))
	success(t, err)
	if got := f.count("TransactWriteItems"); got != 2 {
		t.Errorf("%d attempts, want 2", got)
	}
	if got := x.published(t); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("published %q, want 1, 2", got)
	}
}

func TestLimitsOfATransaction(t *testing.T) {
	x := newTransactions(t)
	events := func(n, kilobytes int) (list []ports.Event) {
		for i := range n {
			list = append(list, ports.Event{Topic: ports.Topic(fmt.Sprint(i)), Kind: ports.EventData, Payload: make([]byte, kilobytes<<10)})
		}
		return list
	}
	for name, list := range map[string][]ports.Event{
		"101 topics": events(101, 0), "over 4 MB": events(11, 395), "over 400 KB of a topic": slices.Concat(events(1, 250), events(1, 250)),
		"a long topic": {{Topic: ports.Topic(strings.Repeat("x", 2049))}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := x.TransactItems(list...)
			refused(t, err, ports.ErrTooLarge)
		})
	}
	_, err := x.TransactItems(ports.Event{})
	refused(t, err, ports.ErrInvalid)
	for _, list := range [][]ports.Event{events(100, 0), events(10, 395)} {
		items, err := x.TransactItems(list...)
		success(t, err)
		_, err = server.Client().TransactWriteItems(t.Context(), &sdk.TransactWriteItemsInput{TransactItems: items})
		success(t, err)
	}
}

// transactEnv has the endpoint, the tables and the order of a process that makes one
// transaction.
const transactEnv = "FANQL_TEST_TRANSACT"

// transact is that process. It says what came of the transaction and waits to be killed.
func transact(ctx context.Context, given string) int {
	parts := strings.Split(given, "|")
	endpoint, prefix, id := parts[0], parts[1], parts[2]
	client := sdk.New(sdk.Options{
		BaseEndpoint: &endpoint, Region: dynamolocal.Region, Credentials: dynamolocal.Credentials(), Retryer: aws.NopRetryer{},
	})
	backend := must.Make(dynamodb.New(dynamodb.Config{Client: client, Prefix: prefix}))
	publisher := must.Make(core.NewPublisher(core.PublisherConfig{Bus: backend, NewID: func() string { return id }}))
	events := must.Make(publisher.Events(ctx, core.NewTopic[string]("orders").Event(id)))
	items := must.Make(backend.TransactItems(events...))
	_, err := client.TransactWriteItems(ctx, &sdk.TransactWriteItemsInput{
		TransactItems: append(items, order(backend.Tables().Connections, id)),
	})
	fmt.Println(err == nil)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// killer passes a process's transactions on to DynamoDB and kills the process at a step.
type killer struct {
	step    string
	process *exec.Cmd
	started chan struct{}
}

func (k *killer) kill() { _ = k.process.Process.Kill() }

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	<-k.started
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if k.step == "before" {
		k.kill()
		return
	}
	if k.step == "during" {
		go k.kill()
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), http.MethodPost, server.Endpoint(), bytes.NewReader(body))
	if err != nil {
		return
	}
	request.Header = r.Header.Clone()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	if k.step == "after" {
		k.kill()
		return
	}
	maps.Copy(w.Header(), response.Header)
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
}

// order has a process make a transaction, which is killed at a step, and waits for the
// end of both.
func (x transactions) order(t *testing.T, id, step string) {
	t.Helper()
	k := &killer{step: step, started: make(chan struct{})}
	proxy := httptest.NewServer(k)
	defer proxy.Close() // It waits for the request.
	prefix := strings.TrimSuffix(x.tables.Connections, "connections")
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), transactEnv+"="+strings.Join([]string{proxy.URL, prefix, id}, "|"))
	process.Stderr = os.Stderr
	stdin, err := process.StdinPipe()
	success(t, err)
	defer stdin.Close()
	stdout, err := process.StdoutPipe()
	success(t, err)
	k.process = process
	success(t, process.Start())
	close(k.started)
	said := make([]byte, 4)
	if n, _ := io.ReadFull(stdout, said); step != "during" && (n > 0) != (step == "with the answer") {
		t.Errorf("killed %s: the process says %q", step, said[:n])
	}
	k.kill()
	_ = process.Wait() // It was killed.
}

// TestTransactionKilledAtAnyStep: an event is published exactly when its row is there,
// wherever the process ends, and whether or not another one begins anew.
func TestTransactionKilledAtAnyStep(t *testing.T) {
	x := newTransactions(t)
	for _, step := range []string{"before", "during", "after", "with the answer"} {
		t.Run(step, func(t *testing.T) {
			x.order(t, step, step)
			x.order(t, step+", again", step)
			x.order(t, step+", again", "with the answer")
		})
	}
	published := x.published(t)
	slices.Sort(published)
	if rows := x.orders(t); !slices.Equal(published, rows) {
		t.Errorf("published %q, and the rows are %q", published, rows)
	}
	for _, id := range []string{"before, again", "during, again", "after", "after, again", "with the answer", "with the answer, again"} {
		if !slices.Contains(published, id) {
			t.Errorf("%q is not published", id)
		}
	}
	if slices.Contains(published, "before") {
		t.Errorf("what was killed before is published")
	}
}
