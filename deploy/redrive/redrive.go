package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// attempts is how often a batch is delivered before redrive stops. A fan-out that is
// longer than an invocation takes several.
const attempts = 10

// cli is a call of the AWS CLI.
type cli func(ctx context.Context, arguments ...string) ([]byte, error)

// names are those of the bucket with the records and of the stream function.
type names struct{ bucket, function string }

// redrive hands each batch in the bucket to the stream function, the oldest
// first, and deletes those that were delivered. It returns their number, and stops at
// the first that fails, so that the events of a topic stay in order. What was
// delivered already of a batch that fails comes again when it is redriven again.
//
// Source of the objects' names and fields: "Retain discarded records for a DynamoDB
// event source in Lambda".
func redrive(ctx context.Context, from names, folder string, aws cli) (int, error) {
	keys, err := keysOf(ctx, from.bucket, aws)
	if err != nil {
		return 0, err
	}
	for done, key := range keys {
		address := "s3://" + from.bucket + "/" + key
		object, err := aws(ctx, "s3", "cp", address, "-")
		if err != nil {
			return done, fmt.Errorf("reading %s: %w", address, err)
		}
		if err := deliver(ctx, object, from.function, folder, aws); err != nil {
			return done, fmt.Errorf("%s: %w", address, err)
		}
		if _, err := aws(ctx, "s3", "rm", address); err != nil {
			return done, fmt.Errorf("deleting %s, which was delivered: %w", address, err)
		}
	}
	return len(keys), nil
}

// namesOf are those in the outputs of a stack.
func namesOf(ctx context.Context, stack string, aws cli) (names, error) {
	outputs, err := outputsOf(ctx, stack, aws)
	if err != nil {
		return names{}, err
	}
	found := names{bucket: outputs["DroppedRecordsName"], function: outputs["StreamFunctionName"]}
	if found.bucket == "" || found.function == "" {
		return names{}, fmt.Errorf("stack %s has no outputs DroppedRecordsName and StreamFunctionName", stack)
	}
	return found, nil
}

func outputsOf(ctx context.Context, stack string, aws cli) (map[string]string, error) {
	text, err := aws(ctx, "cloudformation", "describe-stacks", "--output", "json", "--stack-name", stack)
	if err != nil {
		return nil, fmt.Errorf("describing stack %s: %w", stack, err)
	}
	var answer struct {
		Stacks []struct {
			Outputs []struct{ OutputKey, OutputValue string }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("describing stack %s: %w", stack, err)
	}
	outputs := map[string]string{}
	for _, stack := range answer.Stacks {
		for _, output := range stack.Outputs {
			outputs[output.OutputKey] = output.OutputValue
		}
	}
	return outputs, nil
}

// keysOf lists the objects of a bucket by their last names, which begin with the time
// at which a batch was given up. The folders above are those of mapping, shard and day.
func keysOf(ctx context.Context, bucket string, aws cli) ([]string, error) {
	text, err := aws(ctx, "s3api", "list-objects-v2", "--output", "json", "--bucket", bucket)
	if err != nil {
		return nil, fmt.Errorf("listing bucket %s: %w", bucket, err)
	}
	if len(text) == 0 { // as the CLI says of an empty bucket
		return nil, nil
	}
	var answer struct{ Contents []struct{ Key string } }
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("listing bucket %s: %w", bucket, err)
	}
	var keys []string
	for _, object := range answer.Contents {
		keys = append(keys, object.Key)
	}
	slices.SortFunc(keys, func(a, b string) int { return strings.Compare(path.Base(a), path.Base(b)) })
	return keys, nil
}

// deliver invokes the function with the batch of an object, and again from the record
// on that it names, as Lambda does.
func deliver(ctx context.Context, object []byte, function, folder string, aws cli) error {
	records, err := recordsOf(object)
	if err != nil {
		return err
	}
	for range attempts {
		failed, err := invoke(ctx, records, function, folder, aws)
		if err != nil || failed == "" {
			return err
		}
		for len(records) > 0 && numberOf(records[0]) != failed {
			records = records[1:]
		}
		if len(records) == 0 {
			return fmt.Errorf("the function names record %s, which is not in the batch", failed)
		}
	}
	return fmt.Errorf("record %s was not delivered: the function's log says why", numberOf(records[0]))
}

// recordsOf are those of the invocation that an object keeps.
func recordsOf(object []byte) ([]json.RawMessage, error) {
	var kept struct{ Payload json.RawMessage }
	if err := json.Unmarshal(object, &kept); err != nil {
		return nil, err
	}
	payload := []byte(kept.Payload)
	var quoted string
	if json.Unmarshal(payload, &quoted) == nil {
		payload = []byte(quoted)
	}
	var batch struct{ Records []json.RawMessage }
	if err := json.Unmarshal(payload, &batch); err != nil || len(batch.Records) == 0 {
		return nil, errors.New("the object has no records in its payload")
	}
	return batch.Records, nil
}

func numberOf(record json.RawMessage) string {
	var fields struct {
		DynamoDB struct{ SequenceNumber string }
	}
	_ = json.Unmarshal(record, &fields) // a record without a number is not the one that is looked for
	return fields.DynamoDB.SequenceNumber
}

// invoke returns the number of the record to go on from; empty when all were delivered.
func invoke(ctx context.Context, records []json.RawMessage, function, folder string, aws cli) (string, error) {
	batch, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		return "", err
	}
	asked, answered := filepath.Join(folder, "batch"), filepath.Join(folder, "answer")
	if err := os.WriteFile(asked, batch, 0o600); err != nil {
		return "", err
	}
	// An invocation may run for longer than the CLI usually waits.
	text, err := aws(ctx, "lambda", "invoke", "--output", "json", "--cli-read-timeout", "0",
		"--cli-binary-format", "raw-in-base64-out", "--payload", "file://"+asked, "--function-name", function, answered)
	if err != nil {
		return "", fmt.Errorf("invoking %s: %w", function, err)
	}
	answer, err := os.ReadFile(answered) //nolint:gosec // the file is in a folder that run has made
	if err != nil {
		return "", err
	}
	var status struct{ FunctionError string }
	if err := json.Unmarshal(text, &status); err != nil {
		return "", fmt.Errorf("invoking %s: %w", function, err)
	}
	if status.FunctionError != "" {
		return "", fmt.Errorf("%s failed: %s", function, answer)
	}
	var verdict struct {
		BatchItemFailures []struct{ ItemIdentifier string }
	}
	if err := json.Unmarshal(answer, &verdict); err != nil {
		return "", fmt.Errorf("the answer of %s: %w", function, err)
	}
	if len(verdict.BatchItemFailures) == 0 {
		return "", nil
	}
	return verdict.BatchItemFailures[0].ItemIdentifier, nil
}
