//go:build integration

package dynamodb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/internal/model"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

// TestModel plays random histories with faults, of single requests too; see
// internal/model. What is put into the table of events is handed to the stream's
// handler as an event source mapping does.
func TestModel(t *testing.T) {
	const parallel = 8
	tables := newTables(t)
	world := newOutside(t, parallel)
	model.Test(t, model.Adapter{Name: "dynamodb", Parallel: parallel, ForgetsRows: true, New: func(t *testing.T, history model.History) model.Backend {
		stream := &modelStream{table: tables.Events}
		client := func(process *portfault.Process) *sdk.Client {
			return server.Client(func(o *sdk.Options) {
				o.HTTPClient = modelLine{process, world, stream}
				o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = 50 * time.Millisecond })
			})
		}
		return model.Backend{
			Store: func(process *portfault.Process) ports.Store {
				return newBackend(t, dynamodb.Config{Client: client(process), Tables: tables, Now: history.Now})
			},
			Bus: func(process *portfault.Process) ports.EventBus {
				return newBackend(t, dynamodb.Config{Client: client(process), Tables: tables, Now: history.Now})
			},
			Source: func(*portfault.Process) ports.EventSource { return stream },
			History: func(process *portfault.Process) ports.History {
				return newBackend(t, dynamodb.Config{Client: client(process), Tables: tables, Now: history.Now})
			},
			Idle: stream.idle,
		}
	}}, 30)
}

// outside carries requests out of the bubbles of histories: in there, a connection
// that waits for the server would keep time from passing.
type outside struct{ free chan *carrier }

// carrier is a goroutine that makes one request at a time.
type carrier struct {
	requests chan *http.Request
	answers  chan answer
}

type answer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

func newOutside(t *testing.T, n int) *outside {
	t.Helper()
	o := &outside{free: make(chan *carrier, 4*n)}
	transport := &http.Transport{MaxIdleConnsPerHost: 4 * n, DisableCompression: true}
	var carrying sync.WaitGroup
	for range cap(o.free) {
		c := &carrier{make(chan *http.Request), make(chan answer)}
		carrying.Go(func() {
			for request := range c.requests {
				c.answers <- ask(transport, request)
			}
		})
		o.free <- c
	}
	t.Cleanup(func() {
		for range cap(o.free) {
			close((<-o.free).requests)
		}
		carrying.Wait()
		transport.CloseIdleConnections()
	})
	return o
}

func ask(transport http.RoundTripper, request *http.Request) answer {
	response, err := transport.RoundTrip(request)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, body, err}
}

// make makes a request. Its context stays in the bubble.
func (o *outside) make(ctx context.Context, request *http.Request, body []byte) answer {
	c := <-o.free
	defer func() { o.free <- c }()
	copied := request.Clone(context.WithoutCancel(ctx))
	copied.Body = io.NopCloser(bytes.NewReader(body))
	c.requests <- copied
	return <-c.answers
}

// modelLine is the connection between a process and DynamoDB.
type modelLine struct {
	process *portfault.Process
	world   *outside
	stream  *modelStream
}

// Do implements the SDK's HTTP client.
func (l modelLine) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	_, call, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	var got answer
	err = l.process.Do(request.Context(), "dynamodb."+call, "", func(ctx context.Context) error {
		if got = l.world.make(ctx, request, body); got.err == nil && got.status == http.StatusOK && call == "PutItem" {
			got.err = l.stream.put(body)
		}
		return got.err
	})
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: got.status, Header: got.header, Body: io.NopCloser(bytes.NewReader(got.body)),
		ContentLength: int64(len(got.body)), Request: request,
	}, nil
}

// modelStream stands for the stream of the table of events and its event source
// mapping: two shards, each delivered by one invocation at a time.
type modelStream struct {
	table string

	mu     sync.Mutex
	puts   int
	shards [2]shard
}

type shard struct {
	records []events.DynamoDBEventRecord
	busy    bool
}

var _ ports.EventSource = (*modelStream)(nil)

// put adds what a request has put into the table of events.
func (s *modelStream) put(body []byte) error {
	var input struct {
		TableName string
		Item      map[string]events.DynamoDBAttributeValue
	}
	if err := json.Unmarshal(body, &input); err != nil || input.TableName != s.table {
		return err
	}
	key := fnv.New32a()
	_, _ = key.Write([]byte(input.Item["id"].String()))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.puts++
	to := &s.shards[key.Sum32()%uint32(len(s.shards))]
	to.records = append(to.records, events.DynamoDBEventRecord{
		EventName: string(events.DynamoDBOperationTypeModify),
		Change:    events.DynamoDBStreamRecord{NewImage: input.Item, SequenceNumber: fmt.Sprint(s.puts)},
	})
	return nil
}

// Consume implements ports.EventSource.
func (s *modelStream) Consume(ctx context.Context, deliver ports.DeliverFunc) error {
	backend, err := dynamodb.New(dynamodb.Config{Client: server.Client()})
	if err != nil {
		return err
	}
	handle := backend.StreamHandler(deliver)
	for ctx.Err() == nil {
		from, batch := s.take()
		if from == nil {
			<-time.After(10 * time.Millisecond)
			continue
		}
		response, err := handle(ctx, events.DynamoDBEvent{Records: batch})
		rest := unfinished(batch, response)
		s.mu.Lock()
		from.records, from.busy = slices.Concat(rest, from.records[len(batch):]), false
		s.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// take returns what is next in a shard that nobody delivers; nil when there is
// none.
func (s *modelStream) take() (*shard, []events.DynamoDBEventRecord) {
	const most = 10
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.shards {
		from := &s.shards[i]
		if n := min(len(from.records), most); n > 0 && !from.busy {
			from.busy = true
			return from, from.records[:n:n]
		}
	}
	return nil, nil
}

// idle returns once nothing is left to deliver.
func (s *modelStream) idle() {
	left := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.shards[0].records) + len(s.shards[1].records)
	}
	for left() > 0 {
		<-time.After(10 * time.Millisecond)
	}
}
