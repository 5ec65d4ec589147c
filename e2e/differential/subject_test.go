//go:build e2e

package differential

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

// subjectVariable makes this program the subject: it answers cases. With brittle
// it crashes and hangs where it is asked to.
const (
	subjectVariable = "FANQL_DIFFERENTIAL_SUBJECT"
	brittle         = "brittle"
)

func TestMain(m *testing.M) {
	mode := os.Getenv(subjectVariable)
	if mode == "" {
		os.Exit(m.Run())
	}
	schema, err := newAdapter(nil)
	if err == nil {
		err = serve(os.Stdin, os.Stdout, func(asked request) outcome {
			if mode == brittle && asked.Query == "crash" {
				os.Exit(3)
			}
			if mode == brittle && asked.Query == "hang" {
				select {}
			}
			return answer(context.Background(), schema, asked)
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// newAdapter is the adapter that is compared.
func newAdapter(hook hook) (ports.Schema, error) {
	schema, err := newSchema(hook)
	if err != nil {
		return nil, err
	}
	return graphqlgo.New(schema)
}

// serve answers until its input ends; its first line is empty.
func serve(in io.Reader, out io.Writer, answer func(request) outcome) error {
	if _, err := fmt.Fprintln(out, "{}"); err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for reader := bufio.NewReader(in); ; {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		var asked request
		if err = errors.Join(err, json.Unmarshal(line, &asked)); err != nil {
			return err
		}
		answered := answer(asked)
		answered.ID = asked.ID
		if err := encoder.Encode(answered); err != nil {
			return err
		}
	}
}

// answer takes a request through the port.
func answer(ctx context.Context, schema ports.Schema, asked request) outcome {
	refused := outcome{Refused: true}
	document, failed := schema.Prepare(asked.Query, ports.Limits{})
	if len(failed) > 0 {
		return refused
	}
	operation, failed := document.Operation(asked.Operation)
	if len(failed) > 0 {
		return refused
	}
	bound, failed := operation.Bind(ctx, asked.Variables, format)
	if len(failed) > 0 {
		return refused
	}
	root := &root{}
	result := bound.Execute(ctx, ports.Call{Root: root, Format: format})
	if len(result.Rejected) > 0 {
		return refused
	}
	return outcome{Body: result.Body, Log: root.Log}
}

func format(_ context.Context, err error) *ports.PublicError {
	return &ports.PublicError{Message: err.Error()}
}
