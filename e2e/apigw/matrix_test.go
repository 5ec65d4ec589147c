//go:build e2e

package apigw

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// matrixWindow is how long a client of the matrix is watched: longer than the first
// backoff of each.
const matrixWindow = 8 * time.Second

// matrixClients are the clients that people use, as docs/protocols.md names them, and
// the programs that drive them.
func matrixClients(goClients string) []matrixClient {
	script := func(name string) []string { return []string{"node", "closing.mjs", name} }
	return []matrixClient{
		{"graphql-ws 6", script("graphql-ws")},
		{"graphql-ws 5", script("graphql-ws-5")},
		{"Apollo Client 4", script("apollo")},
		{"Apollo Client 3", script("apollo-3")},
		{"urql", script("urql")},
		{"Relay", script("relay")},
		{"genqlient", []string{goClients, "genqlient"}},
		{"go-graphql-client", []string{goClients, "hasura"}},
		{"go-graphql-client, legacy", []string{goClients, "hasura-legacy"}},
		{"subscriptions-transport-ws, legacy", script("subscriptions-transport-ws")},
	}
}

type matrixClient struct {
	name    string
	command []string
}

// situation is a column of the table.
type situation struct {
	name   string
	reason string // that the server gives
	url    func(t *testing.T) string
}

func situations(where string) []situation {
	serve, restart := start, func(t *testing.T) string { return start(t, once(kicking(1012))) }
	if where == "server" {
		serve, restart = startServer, startRestarting
	}
	in := func(s setup) func(*testing.T) string { return func(t *testing.T) string { return serve(t, s) } }
	return []situation{
		{"subscribe", "", in(setup{})},
		{"refused in OnInit", "no entry", in(refusing())},
		{"disconnected, 4403", "out you go", in(kicking(4403))},
		{"restart", "", restart},
	}
}

// TestClientMatrix: docs/protocols.md shows what each client does, on the long-lived
// server and on the local API Gateway.
func TestClientMatrix(t *testing.T) {
	goClients := buildGoClients(t)
	var rows []*matrixRow
	var watching sync.WaitGroup
	places := make(chan struct{}, 12) // so many clients at a time
	for _, client := range matrixClients(goClients) {
		for _, where := range []string{"server", "gateway"} {
			row := &matrixRow{client: client, where: where}
			rows = append(rows, row)
			for i, situation := range situations(where) {
				url := situation.url(t)
				watching.Go(func() {
					places <- struct{}{}
					defer func() { <-places }()
					row.cells[i] = client.cell(t, where, situation, url)
				})
			}
		}
	}
	watching.Wait()
	var table strings.Builder
	table.WriteString("| client | on | subscribe | refused in OnInit | disconnected, 4403 | restart |\n|---|---|---|---|---|---|\n")
	for _, row := range rows {
		fmt.Fprintf(&table, "| %s | %s | %s |\n", row.client.name, row.where, strings.Join(row.cells[:], " | "))
	}
	document, err := os.ReadFile("../../docs/protocols.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(document), "<!-- clients:start -->\n")
	shown, _, ok := strings.Cut(after, "<!-- clients:end -->")
	if !ok || shown != table.String() {
		t.Errorf("docs/protocols.md does not show this table between <!-- clients:start --> and <!-- clients:end -->:\n%s", &table)
	}
}

type matrixRow struct {
	client matrixClient
	where  string
	cells  [4]string
}

// cell watches the client in one situation.
func (c matrixClient) cell(t *testing.T, where string, in situation, url string) string {
	got, err := c.watch(t.Context(), url)
	if err != nil {
		t.Errorf("%s, %s, %s: %v", c.name, where, in.name, err)
		return "failed"
	}
	t.Logf("%s, %s, %s: %d sockets, %d results, errors %.200q", c.name, where, in.name, got.Sockets, len(got.Results), got.Errors)
	return outcome(got, in)
}

func (c matrixClient) watch(ctx context.Context, url string) (got report, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	arguments := append(slices.Clone(c.command[1:]), url, strconv.FormatInt(matrixWindow.Milliseconds(), 10))
	command := exec.CommandContext(ctx, c.command[0], arguments...)
	command.Dir = "clients"
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return got, fmt.Errorf("%w: %s", err, &stderr)
	}
	return got, json.Unmarshal(stdout.Bytes(), &got)
}

// outcome says in the words of docs/protocols.md what a client did.
func outcome(got report, in situation) string {
	if in.name == "subscribe" && got.Sockets == 1 && len(got.Results) == 1 && len(got.Errors) == 0 {
		return "result"
	}
	heard := "no error"
	if len(got.Errors) > 0 {
		heard = "an error"
	}
	if in.reason != "" && slices.ContainsFunc(got.Errors, func(text string) bool { return strings.Contains(text, in.reason) }) {
		heard = "the reason"
	}
	switch {
	case got.Sockets == 0:
		return "no socket"
	case got.Sockets == 1:
		return "gives up; " + heard
	case in.name == "restart" && got.Sockets == 2 && len(got.Results) == 2:
		return "comes back; " + heard
	case got.Sockets <= 20:
		return "tries again, slowly; " + heard
	default:
		return "tries again, fast; " + heard
	}
}
