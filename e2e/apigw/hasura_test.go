//go:build e2e

package apigw

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// hasura builds the program that watches the Go client hasura/go-graphql-client.
func hasura(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "hasura")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Dir = "hasura"
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building hasura: %v\n%s", err, output)
	}
	return program
}

// TestGoClientSurvivesItsEnd: a client for which the close notice is no message of
// its protocol must not panic, and with it its program.
func TestGoClientSurvivesItsEnd(t *testing.T) {
	t.Parallel()
	program := hasura(t)
	for name, s := range map[string]setup{
		"refused in OnInit": refusing(), "disconnected after its ack": kicking(4403), "asked to come back": kicking(1012),
	} {
		for _, protocol := range []string{"graphql-ws", "subscriptions-transport-ws"} {
			t.Run(name+"/"+protocol, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				command := exec.CommandContext(ctx, program, protocol, start(t, s), strconv.FormatInt(window.Milliseconds(), 10))
				var stdout, stderr bytes.Buffer
				command.Stdout, command.Stderr = &stdout, &stderr
				err := command.Run()
				var got report
				if err == nil {
					err = json.Unmarshal(stdout.Bytes(), &got)
				}
				if err != nil {
					t.Fatalf("%v\n%s%s", errors.Join(err, ctx.Err()), &stdout, &stderr)
				}
				t.Logf("%d sockets, results %q, errors %q", got.Sockets, got.Results, got.Errors)
				if got.Sockets == 0 || got.Sockets > 20 {
					t.Errorf("%d sockets in %v, want some, and no hot loop", got.Sockets, window)
				}
			})
		}
	}
}
