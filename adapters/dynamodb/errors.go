package dynamodb

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/fanql/fanql/ports"
)

var (
	// errUnfinished: DynamoDB kept accepting only a part of a batch.
	errUnfinished = errors.New("items of a batch stay unprocessed")
	// errTooLarge: what DynamoDB could not take was not even sent.
	errTooLarge = errors.New("over the size of an item or a transaction")
)

// failure is the error of a call for what the SDK said; nil for nil.
func failure(op string, err error) error {
	if err == nil {
		return nil
	}
	_, kind := classify(err)
	return &ports.Error{Op: "dynamodb." + op, Kind: kind, Err: err}
}

// refusal is the error of a call that this package turns down.
func refusal(op string, kind error) error {
	return &ports.Error{Op: "dynamodb." + op, Kind: kind}
}

// invalid is the error of a constructor for a field of its configuration.
func invalid(op, text string) error {
	return &ports.Error{Op: "dynamodb." + op, Kind: ports.ErrInvalid, Err: errors.New(text)}
}

// ended is the error of a call whose context has ended, and nil before that.
func ended(ctx context.Context, op string) error { return failure(op, ctx.Err()) }

// classify says whether the same request may succeed later, and of what kind its
// error is.
func classify(err error) (passing bool, kind error) {
	switch {
	case errors.Is(err, errUnfinished):
		return true, ports.ErrThrottled
	case errors.Is(err, errTooLarge):
		return false, ports.ErrTooLarge
	}
	if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return cancellation(cancelled.CancellationReasons)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return byCode(api.ErrorCode(), api.ErrorMessage())
	}
	return false, nil
}

// cancellation is classify for a transaction: it may succeed later if every
// reason is one that passes.
func cancellation(reasons []types.CancellationReason) (passing bool, kind error) {
	for _, reason := range reasons {
		code := value(reason.Code)
		if code == "" || code == "None" {
			continue
		}
		if passing, kind = byCode(code, value(reason.Message)); !passing {
			return false, kind
		}
	}
	return passing, kind
}

// byCode knows the codes of exceptions and those of a transaction's cancellation
// reasons. Source: the API reference, "Common Errors" and TransactWriteItems.
func byCode(code, message string) (passing bool, kind error) {
	switch code {
	case "TransactionConflict", "TransactionConflictException", "TransactionInProgressException",
		"ProvisionedThroughputExceeded", "ProvisionedThroughputExceededException",
		"ThrottlingError", "ThrottlingException", "Throttling", "RequestLimitExceeded":
		return true, ports.ErrThrottled
	case "InternalServerError": // The request may have been carried out.
		return true, nil
	case "ValidationError", "ValidationException":
		// The API has one code for all that is wrong with a request.
		if overSize(message) {
			return false, ports.ErrTooLarge
		}
		return false, ports.ErrInvalid
	}
	return false, nil
}

// overSize says whether a text is one of those for an item or a key that is over
// its size, and not one that mentions a size.
func overSize(message string) bool {
	message = strings.ToLower(message)
	return strings.Contains(message, "exceeded") && (strings.Contains(message, "item size") ||
		strings.Contains(message, "size of hashkey") || strings.Contains(message, "size of rangekey") ||
		strings.Contains(message, "size of all range keys"))
}

// reasons are the texts that DynamoDB gives for an error, those of a transaction's
// actions included.
func reasons(err error) string {
	var all []string
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		all = append(all, api.ErrorMessage())
	}
	if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		for _, reason := range cancelled.CancellationReasons {
			all = append(all, value(reason.Message))
		}
	}
	return strings.Join(all, "\n")
}

// conditionFailed says whether a write was turned down by its condition, or a
// transaction by that of its first action, and returns the item as it was.
func conditionFailed(err error) (item, bool) {
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return failed.Item, true
	}
	if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok && len(cancelled.CancellationReasons) > 0 {
		if first := cancelled.CancellationReasons[0]; value(first.Code) == "ConditionalCheckFailed" {
			return first.Item, true
		}
	}
	return nil, false
}

// othersFailed returns which actions of a transaction, counted from the second one on,
// were turned down by their conditions.
func othersFailed(err error) (indices []int) {
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		return nil
	}
	for i, reason := range cancelled.CancellationReasons {
		if i > 0 && value(reason.Code) == "ConditionalCheckFailed" {
			indices = append(indices, i-1)
		}
	}
	return indices
}

// outcomeKnown says whether an error of a transaction tells that nothing was done.
func outcomeKnown(err error) bool {
	_, cancelled := errors.AsType[*types.TransactionCanceledException](err)
	return cancelled
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
