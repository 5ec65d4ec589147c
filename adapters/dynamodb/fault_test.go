//go:build integration

package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/ports"
)

// faults decides what becomes of a client's requests. It may be changed while
// the client is in use.
type faults struct {
	mu sync.Mutex
	// refuse returns the error that a request gets in place of an answer.
	refuse func(call string) error
	// lose says whether the answer to a request is lost once it is done.
	lose func(call string) bool
	// attempts counts the requests, those that the SDK repeats included.
	attempts map[string]int
	// keep is how many items of each BatchWriteItem are processed; all when 0.
	keep int
}

// none ends all faults.
func (f *faults) none() { f.set(func(f *faults) { f.refuse, f.lose, f.keep = nil, nil, 0 }) }

func (f *faults) set(change func(*faults)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
	f.attempts = map[string]int{}
}

func (f *faults) count(call string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.attempts[call]
}

// client returns a client that has these faults.
func (f *faults) client() *sdk.Client {
	f.none()
	return server.Client(func(o *sdk.Options) {
		o.APIOptions = append(o.APIOptions, f.install)
		o.Retryer = aws.NopRetryer{}
		// Nobody sends again what meets the end of an idle connection: each request has its own.
		o.HTTPClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	})
}

// patient returns one whose SDK repeats what it may repeat.
func (f *faults) patient() *sdk.Client {
	f.none()
	return server.Client(func(o *sdk.Options) {
		o.APIOptions = append(o.APIOptions, f.install)
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
	})
}

func (f *faults) install(stack *middleware.Stack) error {
	err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Unprocessed", f.unprocessed), middleware.After)
	if err != nil {
		return err
	}
	err = stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("Lost", f.answer), middleware.After)
	if err != nil {
		return err
	}
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Refused", f.attempt), "Retry", middleware.After)
}

// answer loses answers before the SDK reads them.
func (f *faults) answer(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	f.mu.Lock()
	lost := f.lose != nil && f.lose(awsmiddleware.GetOperationName(ctx))
	f.mu.Unlock()
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if response, ok := out.RawResponse.(*smithyhttp.Response); ok && lost {
		_ = response.Body.Close()
		return middleware.DeserializeOutput{}, metadata, &smithyhttp.RequestSendError{Err: io.ErrUnexpectedEOF}
	}
	return out, metadata, err
}

func (f *faults) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	call := awsmiddleware.GetOperationName(ctx)
	f.mu.Lock()
	f.attempts[call]++
	var refusal error
	if f.refuse != nil {
		refusal = f.refuse(call)
	}
	f.mu.Unlock()
	if refusal != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, refusal
	}
	return next.HandleFinalize(ctx, in)
}

// unprocessed has DynamoDB process a part of a batch.
func (f *faults) unprocessed(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	f.mu.Lock()
	keep := f.keep
	f.mu.Unlock()
	batch, ok := in.Parameters.(*sdk.BatchWriteItemInput)
	if !ok || keep == 0 {
		return next.HandleInitialize(ctx, in)
	}
	rest := map[string][]types.WriteRequest{}
	some := map[string][]types.WriteRequest{}
	for table, requests := range batch.RequestItems {
		keep := min(keep, len(requests))
		some[table] = requests[:keep]
		if keep < len(requests) {
			rest[table] = requests[keep:]
		}
	}
	in.Parameters = &sdk.BatchWriteItemInput{RequestItems: some}
	out, metadata, err := next.HandleInitialize(ctx, in)
	if output, ok := out.Result.(*sdk.BatchWriteItemOutput); ok {
		output.UnprocessedItems = rest
	}
	return out, metadata, err
}

// times returns an error the first n times that a call is made.
func times(n int, call string, err error) func(string) error {
	return func(made string) error {
		if made != call || n == 0 {
			return nil
		}
		n--
		return err
	}
}

// once is true the first time that a call is made.
func once(call string) func(string) bool {
	fault := times(1, call, io.EOF)
	return func(made string) bool { return fault(made) != nil }
}

// cancelledFor is a transaction that was cancelled because of one action.
func cancelledFor(code string, action int) error {
	failed := &types.TransactionCanceledException{}
	for range action {
		failed.CancellationReasons = append(failed.CancellationReasons, types.CancellationReason{Code: aws.String("None")})
	}
	failed.CancellationReasons = append(failed.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
	return failed
}

// world is a store with faults, and an operation to try it with.
type world struct {
	*faults
	*dynamodb.Backend
	connection ports.Connection
	operation  ports.Operation
}

// newWorld has a connection in place, and an operation on three topics that is
// not.
func newWorld(t *testing.T, faults *faults, client *sdk.Client) world {
	t.Helper()
	now := time.Now()
	w := world{
		faults: faults,
		Backend: newBackend(t, dynamodb.Config{
			Client: client, Tables: newTables(t), Random: func() float64 { return 0 },
		}),
		connection: ports.Connection{Address: ports.Address{ID: "connection"}, ExpiresAt: now.Add(time.Hour)},
		operation: ports.Operation{
			Ref: ports.OperationRef{Connection: "connection", ID: "1"}, Address: ports.Address{ID: "connection"},
			Topics: []ports.Topic{"a", "b", "c"}, ReceivedAt: now, ExpiresAt: now.Add(time.Hour),
		},
	}
	success(t, w.CreateConnection(t.Context(), w.connection))
	return w
}

// listed reports topics of the operation that do not list n operations.
func (w world) listed(t *testing.T, n int) {
	t.Helper()
	for _, topic := range w.operation.Topics {
		page, err := w.ListSubscribers(t.Context(), topic, ports.PageRequest{})
		success(t, err)
		if len(page.Subscribers) != n {
			t.Errorf("topic %s lists %d operations, want %d", topic, len(page.Subscribers), n)
		}
	}
}

func success(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTransactionConflictOnAnyItemIsRetried(t *testing.T) {
	f := &faults{}
	w := newWorld(t, f, f.client())
	for action := range 1 + len(w.operation.Topics) {
		t.Run(fmt.Sprint(action), func(t *testing.T) {
			conflict := times(3, "TransactWriteItems", cancelledFor("TransactionConflict", action))
			f.set(func(f *faults) { f.refuse = conflict })
			success(t, w.AddOperation(t.Context(), w.operation))
			if got := f.count("TransactWriteItems"); got != 4 {
				t.Errorf("AddOperation made %d requests, want 4", got)
			}
			w.listed(t, 1)
			conflict = times(3, "TransactWriteItems", cancelledFor("TransactionConflict", action))
			f.set(func(f *faults) { f.refuse = conflict })
			removed, err := w.RemoveOperation(t.Context(), w.operation.Ref, w.operation.ReceivedAt)
			success(t, err)
			if !removed {
				t.Errorf("RemoveOperation: removed is false")
			}
			w.listed(t, 0)
		})
	}
}

func TestTransactionConflictThatStaysIsThrottled(t *testing.T) {
	f := &faults{}
	w := newWorld(t, f, f.client())
	f.set(func(f *faults) { f.refuse = times(-1, "TransactWriteItems", cancelledFor("TransactionConflict", 2)) })
	if err := w.AddOperation(t.Context(), w.operation); !errors.Is(err, ports.ErrThrottled) {
		t.Errorf("got error %v, want %v", err, ports.ErrThrottled)
	}
	if got := f.count("TransactWriteItems"); got != 10 {
		t.Errorf("%d requests, want 10", got)
	}
	f.none()
	w.listed(t, 0)
}

// verbs are all calls of a store, each with the request that it makes.
func (w world) verbs() map[string]func(context.Context) error {
	at := w.operation.ReceivedAt
	return map[string]func(context.Context) error{
		"CreateConnection/UpdateItem": func(ctx context.Context) error {
			return w.CreateConnection(ctx, ports.Connection{Address: ports.Address{ID: "another"}, ExpiresAt: at.Add(time.Hour)})
		},
		"GetConnection/GetItem": func(ctx context.Context) error {
			_, err := w.GetConnection(ctx, "connection")
			return err
		},
		"InitConnection/UpdateItem": func(ctx context.Context) error {
			_, err := w.InitConnection(ctx, "connection", ports.Init{RequestID: "r"})
			return err
		},
		"TouchConnection/UpdateItem": func(ctx context.Context) error {
			return w.TouchConnection(ctx, "connection", at.Add(2*time.Hour))
		},
		"DeleteConnection/DeleteItem": func(ctx context.Context) error {
			_, err := w.DeleteConnection(ctx, "absent")
			return err
		},
		"AddOperation/TransactWriteItems": func(ctx context.Context) error { return w.AddOperation(ctx, w.operation) },
		"AddOperation/UpdateItem": func(ctx context.Context) error {
			query := w.operation
			query.Ref.ID, query.Topics = "query", nil
			return w.AddOperation(ctx, query)
		},
		"RemoveOperation/GetItem": func(ctx context.Context) error {
			_, err := w.RemoveOperation(ctx, ports.OperationRef{Connection: "connection", ID: "unknown"}, at)
			return err
		},
		"ListSubscribers/Query": func(ctx context.Context) error {
			_, err := w.ListSubscribers(ctx, "a", ports.PageRequest{})
			return err
		},
		"RemoveSubscribers/BatchWriteItem": func(ctx context.Context) error {
			return w.RemoveSubscribers(ctx, "a", []ports.OperationRef{w.operation.Ref})
		},
		"SaveCheckpoint/PutItem": func(ctx context.Context) error {
			return w.SaveCheckpoint(ctx, "a", ports.Checkpoint{ExpiresAt: at.Add(time.Hour)})
		},
		"LoadCheckpoint/GetItem": func(ctx context.Context) error {
			_, err := w.LoadCheckpoint(ctx, "saved")
			return err
		},
	}
}

func TestThrottledTable(t *testing.T) {
	for name, code := range map[string]string{
		"throttled": "ProvisionedThroughputExceededException", "account limit": "RequestLimitExceeded",
		"conflict": "TransactionConflictException", "throttling": "ThrottlingException",
	} {
		t.Run(name, func(t *testing.T) {
			f := &faults{}
			w := newWorld(t, f, f.client())
			success(t, w.SaveCheckpoint(t.Context(), "saved", ports.Checkpoint{ExpiresAt: w.connection.ExpiresAt}))
			refusal := &smithy.GenericAPIError{Code: code}
			for verb, call := range w.verbs() {
				f.set(func(f *faults) { f.refuse = func(string) error { return refusal } })
				if err := call(t.Context()); !errors.Is(err, ports.ErrThrottled) || !errors.Is(err, refusal) {
					t.Errorf("%s, throttled for ever: got error %v, want %v", verb, err, ports.ErrThrottled)
				}
				passing := 2
				f.set(func(f *faults) {
					f.refuse = func(string) error {
						if passing--; passing >= 0 {
							return refusal
						}
						return nil
					}
				})
				if err := call(t.Context()); err != nil {
					t.Errorf("%s, throttled for a while: %v", verb, err)
				}
			}
		})
	}
}

// TestInternalErrorLeavesTheOutcomeOpen: such an error has no kind.
func TestInternalErrorLeavesTheOutcomeOpen(t *testing.T) {
	f := &faults{}
	w := newWorld(t, f, f.client())
	f.set(func(f *faults) {
		f.refuse = func(string) error { return &smithy.GenericAPIError{Code: "InternalServerError"} }
	})
	err := w.AddOperation(t.Context(), w.operation)
	var failed *ports.Error
	if !errors.As(err, &failed) || failed.Kind != nil {
		t.Errorf("got error %v, want one without a kind", err)
	}
	if got := f.count("TransactWriteItems"); got != 10 {
		t.Errorf("%d requests, want 10", got)
	}
}

func TestUnprocessedItemsAreRetried(t *testing.T) {
	f := &faults{}
	w := newWorld(t, f, f.client())
	for i := range 20 {
		operation := w.operation
		operation.Ref.ID = ports.OperationID(fmt.Sprint(i))
		success(t, w.AddOperation(t.Context(), operation))
	}
	w.listed(t, 20)
	f.set(func(f *faults) { f.keep = 10 })
	removed, err := w.DeleteConnection(t.Context(), w.connection.Address.ID)
	success(t, err)
	if len(removed.Operations) != 20 {
		t.Errorf("%d operations were removed, want 20", len(removed.Operations))
	}
	if got := f.count("BatchWriteItem"); got != 3+3+1 {
		t.Errorf("60 rows took %d requests, want 7", got)
	}
	w.listed(t, 0)
}

func TestUnprocessedItemsThatStayAreThrottled(t *testing.T) {
	f := &faults{}
	w := newWorld(t, f, f.client())
	refs := make([]ports.OperationRef, 25)
	for i := range refs {
		refs[i] = ports.OperationRef{Connection: "connection", ID: ports.OperationID(fmt.Sprint(i))}
	}
	f.set(func(f *faults) { f.keep = 1 })
	if err := w.RemoveSubscribers(t.Context(), "a", refs); !errors.Is(err, ports.ErrThrottled) {
		t.Errorf("got error %v, want %v", err, ports.ErrThrottled)
	}
}

// TestLostAnswers: the request is done, its answer is lost, the SDK repeats it.
func TestLostAnswers(t *testing.T) {
	lost := func(t *testing.T, request string) world {
		f := &faults{}
		w := newWorld(t, f, f.patient())
		t.Cleanup(func() {
			if got := f.count(request); got < 2 {
				t.Errorf("%d attempts of %s, want 2 at least", got, request)
			}
		})
		return w
	}
	loses := func(w world, request string) { w.set(func(f *faults) { f.lose = once(request) }) }

	t.Run("CreateConnection", func(t *testing.T) {
		w := lost(t, "UpdateItem")
		loses(w, "UpdateItem")
		success(t, w.CreateConnection(t.Context(), ports.Connection{Address: ports.Address{ID: "new"}, ExpiresAt: w.connection.ExpiresAt}))
	})
	t.Run("InitConnection", func(t *testing.T) {
		w := lost(t, "UpdateItem")
		loses(w, "UpdateItem")
		row, err := w.InitConnection(t.Context(), "connection", ports.Init{RequestID: "r", Identity: "me"})
		success(t, err)
		if !row.Initialized || row.Identity != "me" {
			t.Errorf("the connection is %+v", row)
		}
	})
	t.Run("TouchConnection", func(t *testing.T) {
		w := lost(t, "UpdateItem")
		success(t, w.AddOperation(t.Context(), w.operation))
		loses(w, "UpdateItem")
		success(t, w.TouchConnection(t.Context(), "connection", w.connection.ExpiresAt.Add(time.Hour)))
	})
	t.Run("AddOperation", func(t *testing.T) {
		w := lost(t, "TransactWriteItems")
		loses(w, "TransactWriteItems")
		success(t, w.AddOperation(t.Context(), w.operation))
		w.listed(t, 1)
	})
	t.Run("AddOperation without topics", func(t *testing.T) {
		w := lost(t, "UpdateItem")
		query := w.operation
		query.Topics, query.Limit = nil, 1
		loses(w, "UpdateItem")
		success(t, w.AddOperation(t.Context(), query))
	})
	t.Run("RemoveOperation", func(t *testing.T) {
		w := lost(t, "TransactWriteItems")
		query := w.operation
		query.Ref.ID, query.Topics = "query", nil
		for _, operation := range []ports.Operation{w.operation, query} {
			success(t, w.AddOperation(t.Context(), operation))
			loses(w, "TransactWriteItems")
			removed, err := w.RemoveOperation(t.Context(), operation.Ref, operation.ReceivedAt)
			success(t, err)
			if !removed {
				t.Errorf("of %q: removed is false, and nobody will ever see true", operation.Ref.ID)
			}
		}
		w.listed(t, 0)
	})
	t.Run("RemoveOperation leaves a tombstone", func(t *testing.T) {
		w := lost(t, "UpdateItem")
		loses(w, "UpdateItem")
		removed, err := w.RemoveOperation(t.Context(), w.operation.Ref, w.operation.ReceivedAt)
		success(t, err)
		if err := w.AddOperation(t.Context(), w.operation); removed || !errors.Is(err, ports.ErrCancelled) {
			t.Errorf("removed is %v, AddOperation: %v, want false, %v", removed, err, ports.ErrCancelled)
		}
	})
	// The one exception: what the row knew is lost with the answer. No operation
	// can come any more, and a delivery clears the rows that are left.
	t.Run("DeleteConnection", func(t *testing.T) {
		w := lost(t, "DeleteItem")
		success(t, w.AddOperation(t.Context(), w.operation))
		loses(w, "DeleteItem")
		removed, err := w.DeleteConnection(t.Context(), "connection")
		success(t, err)
		if removed.Found {
			t.Errorf("the connection was found although its answer was lost: the doc comment is out of date")
		}
		if err := w.AddOperation(t.Context(), w.operation); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("AddOperation: %v, want %v", err, ports.ErrNotFound)
		}
		for _, topic := range w.operation.Topics {
			success(t, w.RemoveSubscribers(t.Context(), topic, []ports.OperationRef{w.operation.Ref}))
		}
		w.listed(t, 0)
	})
	t.Run("RemoveSubscribers", func(t *testing.T) {
		w := lost(t, "BatchWriteItem")
		success(t, w.AddOperation(t.Context(), w.operation))
		loses(w, "BatchWriteItem")
		success(t, w.RemoveSubscribers(t.Context(), "a", []ports.OperationRef{w.operation.Ref}))
	})
}
