package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/fanql/fanql/ports"
)

func coded(code, message string) error {
	return fmt.Errorf("operation error: %w", &smithy.GenericAPIError{Code: code, Message: message})
}

// cancelledFor is a transaction that was cancelled, with a reason per action.
func cancelledFor(codes ...string) error {
	failed := &types.TransactionCanceledException{}
	for _, code := range codes {
		failed.CancellationReasons = append(failed.CancellationReasons, types.CancellationReason{Code: aws.String(code)})
	}
	return fmt.Errorf("operation error: %w", failed)
}

func TestVerdict(t *testing.T) {
	for name, test := range map[string]struct {
		err     error
		kind    error
		passing bool
	}{
		"throttled":               {coded("ProvisionedThroughputExceededException", ""), ports.ErrThrottled, true},
		"throttling":              {coded("ThrottlingException", ""), ports.ErrThrottled, true},
		"account limit":           {coded("RequestLimitExceeded", ""), ports.ErrThrottled, true},
		"conflict":                {coded("TransactionConflictException", ""), ports.ErrThrottled, true},
		"in progress":             {coded("TransactionInProgressException", ""), ports.ErrThrottled, true},
		"internal error":          {coded("InternalServerError", ""), nil, true},
		"too large":               {coded("ValidationException", "Item size has exceeded the maximum allowed size"), ports.ErrTooLarge, false},
		"a hash key too large":    {coded("ValidationException", "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"), ports.ErrTooLarge, false},
		"range keys too large":    {coded("ValidationException", "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes"), ports.ErrTooLarge, false},
		"a text with size":        {coded("ValidationException", "Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: size, operand type: N"), ports.ErrInvalid, false},
		"an attribute named size": {coded("ValidationException", "Invalid KeyConditionExpression: the attribute size is not a key"), ports.ErrInvalid, false},
		"expression too large":    {coded("ValidationException", "Invalid UpdateExpression: Expression size has exceeded the maximum allowed size; expression size: 4097"), ports.ErrInvalid, false},
		"invalid":                 {coded("ValidationException", "Invalid expression"), ports.ErrInvalid, false},
		"no such table":           {coded("ResourceNotFoundException", ""), nil, false},
		"conflict at the first":   {cancelledFor("TransactionConflict", "None"), ports.ErrThrottled, true},
		"conflict at the last":    {cancelledFor("None", "None", "TransactionConflict"), ports.ErrThrottled, true},
		"throttled transaction":   {cancelledFor("None", "ThrottlingError", "ProvisionedThroughputExceeded"), ports.ErrThrottled, true},
		"conflict and more":       {cancelledFor("TransactionConflict", "AccessDenied"), nil, false},
		"more and conflict":       {cancelledFor("AccessDenied", "TransactionConflict"), nil, false},
		"condition":               {cancelledFor("ConditionalCheckFailed", "None"), nil, false},
		"part of a batch":         {errUnfinished, ports.ErrThrottled, true},
		"too large to send":       {errTooLarge, ports.ErrTooLarge, false},
		"connection lost":         {errors.New("broken pipe"), nil, false},
		"cancelled by the caller": {context.Canceled, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			passing, kind := classify(test.err)
			if !errors.Is(kind, test.kind) || passing != test.passing {
				t.Errorf("got %v, passing %v, want %v, %v", kind, passing, test.kind, test.passing)
			}
			var failed *ports.Error
			if err := failure("Verb", test.err); !errors.As(err, &failed) || failed.Op != "dynamodb.Verb" || !errors.Is(err, test.err) {
				t.Errorf("failure is %v, want one with the call and the cause", err)
			}
		})
	}
}

func TestConditionFailedReturnsTheItem(t *testing.T) {
	before := item{"id": text("a")}
	transaction := &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{
		{Code: aws.String("ConditionalCheckFailed"), Item: before}, {Code: aws.String("TransactionConflict")},
	}}
	for _, err := range []error{&types.ConditionalCheckFailedException{Item: before}, transaction} {
		if got, failed := conditionFailed(fmt.Errorf("operation error: %w", err)); !failed || textOf(got["id"]) != "a" {
			t.Errorf("of %T: got %v, %v", err, got, failed)
		}
	}
	for _, err := range []error{nil, errTooLarge, cancelledFor("None", "ConditionalCheckFailed"), cancelledFor()} {
		if _, failed := conditionFailed(err); failed {
			t.Errorf("%v counts as a condition that failed", err)
		}
	}
}
