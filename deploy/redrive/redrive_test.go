package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// account stands in for AWS, behind its CLI.
type account struct {
	outputs, objects map[string]string
	// answers are those of the function, in order; after them all is delivered.
	answers []string
	// invoked are the records of each invocation, by number.
	invoked []string
}

func newAccount() *account {
	return &account{
		outputs: map[string]string{"DroppedRecordsName": "bucket", "StreamFunctionName": "stream"},
		objects: map[string]string{
			"aws/lambda/mapping/shard-1/2026/11/28/2026-11-28T10.00.02-a": kept("3"),
			"aws/lambda/mapping/shard-2/2026/11/28/2026-11-28T10.00.01-b": kept("1", "2"),
		},
	}
}

// kept is an object as Lambda writes it: the payload is text.
func kept(numbers ...string) string {
	var records []string
	for _, number := range numbers {
		records = append(records, fmt.Sprintf(`{"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": %q}}`, number))
	}
	payload, _ := json.Marshal(`{"Records": [` + strings.Join(records, ",") + `]}`)
	return `{"requestContext": {"condition": "RecordAgeExceeded"}, "version": "1.0", "payload": ` + string(payload) + `}`
}

func (a *account) call(_ context.Context, arguments ...string) ([]byte, error) {
	last := arguments[len(arguments)-1]
	switch strings.Join(arguments[:2], " ") {
	case "cloudformation describe-stacks":
		var outputs []map[string]string
		for key, value := range a.outputs {
			outputs = append(outputs, map[string]string{"OutputKey": key, "OutputValue": value})
		}
		return json.Marshal(map[string]any{"Stacks": []any{map[string]any{"Outputs": outputs}}})
	case "s3api list-objects-v2":
		if len(a.objects) == 0 {
			return nil, nil
		}
		var contents []map[string]string
		for key := range a.objects {
			contents = append(contents, map[string]string{"Key": key})
		}
		return json.Marshal(map[string]any{"Contents": contents})
	case "s3 cp":
		return []byte(a.objects[strings.TrimPrefix(arguments[2], "s3://bucket/")]), nil
	case "s3 rm":
		delete(a.objects, strings.TrimPrefix(last, "s3://bucket/"))
		return nil, nil
	case "lambda invoke":
		return a.invoke(arguments, last)
	}
	return nil, errors.New("no such command: " + strings.Join(arguments, " "))
}

func (a *account) invoke(arguments []string, answered string) ([]byte, error) {
	asked := arguments[slices.Index(arguments, "--payload")+1]
	text, err := os.ReadFile(strings.TrimPrefix(asked, "file://"))
	if err != nil {
		return nil, err
	}
	var batch struct{ Records []json.RawMessage }
	if err := json.Unmarshal(text, &batch); err != nil {
		return nil, err
	}
	var numbers []string
	for _, record := range batch.Records {
		numbers = append(numbers, numberOf(record))
	}
	a.invoked = append(a.invoked, strings.Join(numbers, " "))
	answer := `{"batchItemFailures": []}`
	if len(a.answers) > 0 {
		answer, a.answers = a.answers[0], a.answers[1:]
	}
	status := `{"StatusCode": 200}`
	if strings.Contains(answer, "errorMessage") {
		status = `{"StatusCode": 200, "FunctionError": "Unhandled"}`
	}
	return []byte(status), os.WriteFile(answered, []byte(answer), 0o600)
}

func TestRedrive(t *testing.T) {
	from := func(number string) string {
		return fmt.Sprintf(`{"batchItemFailures": [{"itemIdentifier": %q}]}`, number)
	}
	for name, test := range map[string]struct {
		before  func(*account)
		invoked []string
		done    int
		left    int
		want    string
	}{
		"delivers the oldest batch first, and deletes what was delivered": {
			invoked: []string{"1 2", "3"}, done: 2,
		},
		"goes on from the record that the function names": {
			before:  func(a *account) { a.answers = []string{from("2"), from("2")} },
			invoked: []string{"1 2", "2", "2", "3"}, done: 2,
		},
		"stops at a batch that fails, and keeps it and those behind it": {
			before:  func(a *account) { a.answers = slices.Repeat([]string{from("1")}, attempts) },
			invoked: slices.Repeat([]string{"1 2"}, attempts), left: 2, want: "record 1 was not delivered",
		},
		"stops at an invocation that fails": {
			before:  func(a *account) { a.answers = []string{`{"errorMessage": "exit status 1"}`} },
			invoked: []string{"1 2"}, left: 2, want: "exit status 1",
		},
		"stops at a record that the batch does not have": {
			before:  func(a *account) { a.answers = []string{from("9")} },
			invoked: []string{"1 2"}, left: 2, want: "names record 9",
		},
		"stops at what is no batch": {
			before: func(a *account) { a.objects = map[string]string{"other": `{"payload": "{}"}`} },
			left:   1, want: "no records",
		},
		"has nothing to do in an empty bucket": {
			before: func(a *account) { a.objects = nil },
		},
		"asks for a stack that has a bucket": {
			before: func(a *account) { delete(a.outputs, "DroppedRecordsName") },
			left:   2, want: "no outputs DroppedRecordsName",
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount()
			if test.before != nil {
				test.before(a)
			}
			done := 0
			from, err := namesOf(t.Context(), "stack", a.call)
			if err == nil {
				done, err = redrive(t.Context(), from, t.TempDir(), a.call)
			}
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
			if done != test.done || len(a.objects) != test.left || !slices.Equal(a.invoked, test.invoked) {
				t.Errorf("%d delivered, %d left, invocations %q; want %d, %d, %q", done, len(a.objects), a.invoked, test.done, test.left, test.invoked)
			}
		})
	}
}
