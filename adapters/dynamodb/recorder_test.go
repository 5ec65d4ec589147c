//go:build integration

package dynamodb_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/fanql/fanql/ports"
)

// spent is what a verb took.
type spent struct {
	// requests of DynamoDB in their order, by the name of the call.
	requests []string
	// reads and writes are request units.
	reads, writes float64
	// posts and closes are requests of @connections.
	posts, closes int
}

// summary is the requests as the table has them: "1 GetItem, 2 BatchWriteItem".
func (s spent) summary() string {
	var parts []string
	for _, name := range s.requests {
		count := 0
		for _, other := range s.requests {
			if other == name {
				count++
			}
		}
		if part := fmt.Sprintf("%d %s", count, name); !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// recorder counts what a client and a pusher are asked for.
type recorder struct {
	mu    sync.Mutex
	spent spent
	// refusal is the answer to posts, which are then not counted.
	refusal error
}

func (r *recorder) refuse(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusal = err
}

// take returns what was spent since the last time.
func (r *recorder) take() spent {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.spent
	r.spent = spent{}
	return taken
}

func (r *recorder) client() *sdk.Client {
	return server.Client(func(o *sdk.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Record", r.record), middleware.After)
		})
	})
}

func (r *recorder) record(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	askForCapacity(in.Parameters)
	transaction, isTransaction := in.Parameters.(*sdk.TransactWriteItemsInput)
	var before []int
	if isTransaction {
		before = sizes(ctx, transaction)
	}
	out, metadata, err := next.HandleInitialize(ctx, in)
	var reads, writes float64
	for _, capacity := range capacityOf(out.Result) {
		switch out.Result.(type) {
		case *sdk.GetItemOutput, *sdk.QueryOutput:
			reads += *capacity.CapacityUnits
		default:
			writes += *capacity.CapacityUnits
		}
	}
	if isTransaction {
		for i, after := range sizes(ctx, transaction) {
			writes += 2 * float64((max(before[i], after)+1023)/1024)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spent.requests = append(r.spent.requests, awsmiddleware.GetOperationName(ctx))
	r.spent.reads += reads
	r.spent.writes += writes
	return out, metadata, err
}

// sizes are those of the items that a transaction writes, as they are now.
// DynamoDB Local tells the capacity of a transaction as if it wrote one item of
// each table; DynamoDB takes two units for each KB of each item, as it was or as
// it is, whichever is larger, also of a transaction that it cancels.
func sizes(ctx context.Context, transaction *sdk.TransactWriteItemsInput) []int {
	list := make([]int, len(transaction.TransactItems))
	for i, action := range transaction.TransactItems {
		input := &sdk.GetItemInput{}
		switch {
		case action.Update != nil:
			input.TableName, input.Key = action.Update.TableName, action.Update.Key
		case action.Delete != nil:
			input.TableName, input.Key = action.Delete.TableName, action.Delete.Key
		case action.Put != nil:
			list[i] = sizeOfItem(action.Put.Item)
			continue
		}
		// An item that is absent, or cannot be read, counts as an empty one.
		if output, err := server.Client().GetItem(ctx, input); err == nil {
			list[i] = sizeOfItem(output.Item)
		}
		list[i] = max(list[i], 1)
	}
	return list
}

// sizeOfItem is the size of an item as DynamoDB counts it.
func sizeOfItem(fields map[string]types.AttributeValue) int {
	total := 0
	for name, v := range fields {
		total += len(name) + sizeOf(v)
	}
	return total
}

func sizeOf(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN: // A byte for two digits and one more; zeros at the end are free.
		return (len(strings.TrimRight(v.Value, "0"))+1)/2 + 1
	case *types.AttributeValueMemberM:
		return 3 + len(v.Value) + sizeOfItem(v.Value)
	case *types.AttributeValueMemberL:
		total := 3 + len(v.Value)
		for _, element := range v.Value {
			total += sizeOf(element)
		}
		return total
	}
	return 1
}

func askForCapacity(input any) {
	const total = types.ReturnConsumedCapacityTotal
	switch input := input.(type) {
	case *sdk.GetItemInput:
		input.ReturnConsumedCapacity = total
	case *sdk.QueryInput:
		input.ReturnConsumedCapacity = total
	case *sdk.PutItemInput:
		input.ReturnConsumedCapacity = total
	case *sdk.UpdateItemInput:
		input.ReturnConsumedCapacity = total
	case *sdk.DeleteItemInput:
		input.ReturnConsumedCapacity = total
	case *sdk.BatchWriteItemInput:
		input.ReturnConsumedCapacity = total
	}
}

func capacityOf(result any) []types.ConsumedCapacity {
	one := func(capacity *types.ConsumedCapacity) []types.ConsumedCapacity {
		if capacity == nil {
			return nil
		}
		return []types.ConsumedCapacity{*capacity}
	}
	switch output := result.(type) {
	case *sdk.GetItemOutput:
		return one(output.ConsumedCapacity)
	case *sdk.QueryOutput:
		return one(output.ConsumedCapacity)
	case *sdk.PutItemOutput:
		return one(output.ConsumedCapacity)
	case *sdk.UpdateItemOutput:
		return one(output.ConsumedCapacity)
	case *sdk.DeleteItemOutput:
		return one(output.ConsumedCapacity)
	case *sdk.BatchWriteItemOutput:
		return output.ConsumedCapacity
	}
	return nil
}

// Push implements ports.Pusher.
func (r *recorder) Push(context.Context, ports.Address, ports.Frame) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refusal != nil { // It is tried again for some time.
		return r.refusal
	}
	r.spent.posts++
	return nil
}

// Close implements ports.Pusher.
func (r *recorder) Close(context.Context, ports.Address, int, string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spent.closes++
	return nil
}
