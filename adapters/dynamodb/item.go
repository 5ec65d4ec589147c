package dynamodb

import (
	"math"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The attributes that are keys, or that DynamoDB itself goes by. The others are
// named where an item is encoded; the whole list is in
// docs/decisions/0006-dynamodb-layout.md.
const (
	attributeID           = "id"
	attributeEvent        = "event"
	attributeConnectionID = "connectionId"
	attributeTTL          = "ttl"
)

// What DynamoDB can take. Source: "Quotas in Amazon DynamoDB".
const (
	maxItem        = 400 << 10
	maxTransaction = 4 << 20
	maxActions     = 100
	maxBatch       = 25
	maxPartition   = 2048
	maxSort        = 1024
)

// item is one as the SDK has it.
type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func unsigned(n uint64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatUint(n, 10)}
}

func binary(b []byte) types.AttributeValue {
	if b == nil {
		b = []byte{}
	}
	return &types.AttributeValueMemberB{Value: b}
}

func document(fields item) types.AttributeValue { return &types.AttributeValueMemberM{Value: fields} }

func texts[S ~string](list []S) types.AttributeValue {
	values := make([]types.AttributeValue, len(list))
	for i, s := range list {
		values[i] = text(string(s))
	}
	return &types.AttributeValueMemberL{Value: values}
}

// The readers answer zero for an attribute that is missing or of another type:
// such a row is not this package's, and has no expiry.

func textOf(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func numberOf(v types.AttributeValue) int64 {
	if n, ok := v.(*types.AttributeValueMemberN); ok {
		if parsed, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
			return parsed
		}
	}
	return 0
}

func unsignedOf(v types.AttributeValue) uint64 {
	if n, ok := v.(*types.AttributeValueMemberN); ok {
		if parsed, err := strconv.ParseUint(n.Value, 10, 64); err == nil {
			return parsed
		}
	}
	return 0
}

func binaryOf(v types.AttributeValue) []byte {
	if b, ok := v.(*types.AttributeValueMemberB); ok && len(b.Value) > 0 {
		return b.Value
	}
	return nil
}

func documentOf(v types.AttributeValue) item {
	if m, ok := v.(*types.AttributeValueMemberM); ok {
		return m.Value
	}
	return nil
}

func textsOf[S ~string](v types.AttributeValue) []S {
	list, ok := v.(*types.AttributeValueMemberL)
	if !ok {
		return nil
	}
	result := make([]S, len(list.Value))
	for i, element := range list.Value {
		result[i] = S(textOf(element))
	}
	return result
}

// instant is a time as it is kept: nanoseconds since 1970, and 0 for none. What
// does not fit, in the years 1677 and 2262, is moved to the nearest that does.
type instant int64

func instantOf(t time.Time) instant {
	switch {
	case t.IsZero():
		return 0
	case t.Year() >= 2262:
		return math.MaxInt64
	case t.Year() <= 1677:
		return math.MinInt64
	}
	return instant(t.UnixNano())
}

func (i instant) time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(i)).UTC()
}

func (i instant) attribute() types.AttributeValue { return number(int64(i)) }

// ttl is for DynamoDB's own deletion: whole seconds, and never too early.
func (i instant) ttl() types.AttributeValue {
	seconds := int64(i) / int64(time.Second)
	if int64(i)%int64(time.Second) > 0 {
		seconds++
	}
	return number(seconds)
}

func readInstant(v types.AttributeValue) instant { return instant(numberOf(v)) }

// size is what DynamoDB counts for a value, or a little more. Source: "DynamoDB
// item sizes and formats".
func size(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return len(v.Value)/2 + 2
	case *types.AttributeValueMemberL:
		total := 3
		for _, element := range v.Value {
			total += 1 + size(element)
		}
		return total
	case *types.AttributeValueMemberM:
		return 3 + len(v.Value) + itemSize(v.Value)
	}
	return 1
}

// itemSize is the size of an item: its names and values.
func itemSize(fields item) int {
	total := 0
	for name, v := range fields {
		total += len(name) + size(v)
	}
	return total
}
