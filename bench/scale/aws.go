package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/apigw"
	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/ports"
)

// table stands in for DynamoDB below the SDK's client: it keeps the row of the
// subscription that is added, and answers a Query with a page of such rows.
type table struct {
	store   *dynamodb.Backend
	row     json.RawMessage
	queries int
	// full and last are the pages: as many full ones as it takes, and then the last.
	full, last []byte
}

// rowConnection is that of the row which is kept; each row of a page has another.
const rowConnection = "L0SM9cOFv-----Ihw="

func newTable(ctx context.Context) (*table, error) {
	t := &table{}
	var err error
	t.store, err = dynamodb.New(dynamodb.Config{Client: sdk.New(sdk.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""), HTTPClient: t,
	})})
	if err != nil {
		return nil, err
	}
	request, err := json.Marshal(map[string]string{"query": "subscription Messages { messages { text author } }"})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	err = t.store.AddOperation(ctx, ports.Operation{
		Ref:      ports.OperationRef{Connection: rowConnection, ID: "f81d4fae-7dec-11d0-a765-000000000001"},
		Address:  ports.Address{ID: rowConnection, Endpoint: "https://0123456789.execute-api.us-east-1.amazonaws.com/production"},
		Protocol: "graphql-transport-ws", Request: request, State: []byte(`{"name":"Ada Lovelace","user":"0123456789"}`),
		Topics: []ports.Topic{topicName}, ReceivedAt: now, ExpiresAt: now.Add(time.Hour),
	})
	if err != nil {
		return nil, err
	}
	if t.row == nil {
		return nil, errors.New("no row was written for the subscription")
	}
	t.full = t.page(pageRows, `,"LastEvaluatedKey":{"event":{"S":"messages"},"connectionId":{"S":"behind"}}`)
	t.last = t.page(measuredSubscribers-(measuredPages-1)*pageRows, "")
	return t, nil
}

func (t *table) page(rows int, more string) []byte {
	items := make([]string, rows)
	for i := range items {
		items[i] = strings.ReplaceAll(string(t.row), rowConnection, fmt.Sprintf(connectionFormat, i))
	}
	return fmt.Appendf(nil, `{"Count":%d,"ScannedCount":%d,"Items":[%s]%s}`, rows, rows, strings.Join(items, ","), more)
}

// Do implements the SDK's HTTPClient.
func (t *table) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	answer := []byte(`{}`)
	switch _, call, _ := strings.Cut(request.Header.Get("X-Amz-Target"), "."); call {
	case "TransactWriteItems":
		err = t.keep(body)
	case "Query":
		t.queries++
		if answer = t.full; t.queries%measuredPages == 0 {
			answer = t.last
		}
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(answer)), Request: request}, err
}

func (t *table) keep(transaction []byte) error {
	var written struct {
		TransactItems []struct {
			Put struct {
				TableName string
				Item      json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(transaction, &written); err != nil {
		return err
	}
	for _, action := range written.TransactItems {
		if action.Put.TableName == "subscriptions" {
			t.row = action.Put.Item
		}
	}
	return nil
}

// gateway stands in for API Gateway: a server in this process, over TLS, that
// takes every post.
type gateway struct {
	pusher *apigw.Pusher
	posts  atomic.Int64
	close  func()
}

func newGateway() (*gateway, error) {
	g := &gateway{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { g.posts.Add(1) }))
	g.close = server.Close
	transport := &http.Transport{MaxIdleConnsPerHost: 2 * pushConcurrency}
	if trusting, ok := server.Client().Transport.(*http.Transport); ok {
		transport.TLSClientConfig = trusting.TLSClientConfig
	}
	var err error
	g.pusher, err = apigw.NewPusher(apigw.PusherConfig{
		Region: "us-east-1", Endpoint: server.URL, Transport: transport,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
	})
	return g, err
}
