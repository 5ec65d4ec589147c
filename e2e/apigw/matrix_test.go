//go:build e2e

package apigw

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanql/fanql/e2e/internal/program"
	"github.com/fanql/fanql/internal/must"
)

// matrixWindow is how long a client of the matrix is watched after what it is watched
// for: longer than the first backoff of each.
const matrixWindow = 8 * time.Second

// matrixClients are the clients that people use, as docs/protocols.md names them.
func matrixClients() []matrixClient {
	return []matrixClient{
		{name: "graphql-ws 6", npm: "graphql-ws"},
		{name: "graphql-ws 5", npm: "graphql-ws-5"},
		{name: "Apollo Client 4", npm: "apollo"},
		{name: "Apollo Client 3", npm: "apollo-3"},
		{name: "urql", npm: "urql"},
		{name: "Relay", npm: "relay"},
		{name: "genqlient", goClient: "genqlient"},
		{name: "go-graphql-client", goClient: "hasura"},
		{name: "go-graphql-client, legacy", goClient: "hasura-legacy", races: true},
		{name: "subscriptions-transport-ws, legacy", npm: "subscriptions-transport-ws"},
	}
}

// matrixClient has the name that either closing.mjs or goclients knows it by.
type matrixClient struct {
	name, npm, goClient string
	// Disconnected by the gateway, it reads the reason and the end of its socket
	// concurrently, and gives up when it takes the end first: once in some 36 runs.
	races bool
}

// fastSockets is how many sockets a client opens within its window only if it does
// without a backoff.
const fastSockets = 21

const disconnected = "disconnected, 4403"

// situation is a column of the table.
type situation struct {
	name   string
	reason string // that the server gives
	until  until  // from when a client's window counts
	url    func(t *testing.T) string
}

func situations(where string) []situation {
	serve, restart := start, func(t *testing.T) string { return start(t, once(kicking(1012))) }
	if where == "server" {
		serve, restart = startServer, startRestarting
	}
	in := func(s setup) func(*testing.T) string { return func(t *testing.T) string { return serve(t, s) } }
	return []situation{
		{"subscribe", "", until{Results: 1}, in(setup{})},
		{"refused in OnInit", "no entry", until{}, in(refusing())},
		{disconnected, "out you go", until{}, in(kicking(4403))},
		{"restart", "", until{}, restart},
	}
}

// TestClientMatrix: docs/protocols.md shows what each client does, on the long-lived
// server and on the local API Gateway.
func TestClientMatrix(t *testing.T) {
	t.Parallel()
	shown := shownMatrix(t)
	var cells []*matrixCell
	for _, client := range matrixClients() {
		for _, where := range []string{"server", "gateway"} {
			for i, situation := range situations(where) {
				situation.until = situation.until.shown(shown.outcome(client.name, where, i))
				cells = append(cells, &matrixCell{client: client, where: where, in: situation, url: situation.url(t)})
			}
		}
	}
	var watching sync.WaitGroup
	watching.Go(func() { watchMatrix(t, cells) })
	goClients := program.BuildIn(t, "e2e/apigw/goclients", "")
	for _, cell := range cells {
		if cell.client.goClient != "" {
			watching.Go(func() { cell.watch(t, goClients) })
		}
	}
	watching.Wait()
	if table := matrixTable(t, cells); string(shown) != table {
		t.Errorf("docs/protocols.md does not show this table between <!-- clients:start --> and <!-- clients:end -->:\n%s", table)
	}
}

// matrix is the table of docs/protocols.md.
type matrix string

func shownMatrix(t *testing.T) matrix {
	t.Helper()
	document, err := os.ReadFile("../../docs/protocols.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(document), "<!-- clients:start -->\n")
	shown, _, _ := strings.Cut(after, "<!-- clients:end -->")
	return matrix(shown)
}

// outcome is what the table shows of a client in a situation, or nothing.
func (m matrix) outcome(client, where string, situation int) string {
	_, row, _ := strings.Cut(string(m), fmt.Sprintf("| %s | %s | ", client, where))
	row, _, _ = strings.Cut(row, " |\n")
	if outcomes := strings.Split(row, " | "); situation < len(outcomes) {
		return outcomes[situation]
	}
	return ""
}

// shown is until with what the table shows of a client: however slow the machine is,
// the client has done that before its window counts.
func (u until) shown(outcome string) until {
	outcome, _, _ = strings.Cut(outcome, " (or ") // a Go client that gives up has ended
	did, received, _ := strings.Cut(outcome, "; ")
	switch did {
	case "tries again, slowly":
		u.Sockets = 2
	case "tries again, fast":
		u.Sockets = fastSockets
	case "comes back":
		u.Results = 2
	}
	if received == "the reason" || received == "an error" {
		u.Errors = 1
	}
	return u
}

// matrixCell is a client in one situation, and what became of the client.
type matrixCell struct {
	client matrixClient
	where  string
	in     situation
	url    string
	got    report
	err    error
}

// watchMatrix watches the npm clients of all cells, in one process.
func watchMatrix(t *testing.T, cells []*matrixCell) {
	t.Helper()
	cells = slices.DeleteFunc(slices.Clone(cells), func(cell *matrixCell) bool { return cell.client.npm == "" })
	clients := make([]client, len(cells))
	for i, cell := range cells {
		clients[i] = client{Name: cell.client.npm, URL: cell.url, Until: cell.in.until, Window: matrixWindow.Milliseconds()}
	}
	reports, err := closing(t.Context(), clients)
	for i, cell := range cells {
		if cell.err = err; err == nil {
			cell.got = reports[i]
		}
	}
}

// watch watches a Go client, in a process of its own, which the client may end.
func (c *matrixCell) watch(t *testing.T, goClients string) {
	t.Helper()
	window, until := strconv.FormatInt(matrixWindow.Milliseconds(), 10), string(must.Make(json.Marshal(c.in.until)))
	c.err = run(t.Context(), &c.got, goClients, c.client.goClient, c.url, window, until)
}

// matrixTable is what docs/protocols.md shows.
func matrixTable(t *testing.T, cells []*matrixCell) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("| client | on | subscribe | refused in OnInit | disconnected, 4403 | restart |\n|---|---|---|---|---|---|\n")
	for row := range slices.Chunk(cells, 4) {
		fmt.Fprintf(&table, "| %s | %s |", row[0].client.name, row[0].where)
		for _, c := range row {
			if c.err != nil {
				t.Errorf("%s, %s, %s: %v", c.client.name, c.where, c.in.name, c.err)
			}
			t.Logf("%s, %s, %s: %d sockets, %d results, errors %.200q", c.client.name, c.where, c.in.name, c.got.Sockets, len(c.got.Results), c.got.Errors)
			fmt.Fprintf(&table, " %s |", c.outcome())
		}
		table.WriteString("\n")
	}
	return table.String()
}

// outcome is what the client did or, of one that races, what it may do.
func (c *matrixCell) outcome() string {
	often, seldom := "tries again, slowly; the reason", "gives up; no error"
	did := outcome(c.got, c.in)
	if c.client.races && c.where == "gateway" && c.in.reason != "" && (did == often || did == seldom) {
		return often + " (or " + seldom + ")"
	}
	return did
}

// outcome says in the words of docs/protocols.md what a client did.
func outcome(got report, in situation) string {
	if in.name == "subscribe" && got.Sockets == 1 && len(got.Results) == 1 && len(got.Errors) == 0 {
		return "result"
	}
	received := "no error"
	if len(got.Errors) > 0 {
		received = "an error"
	}
	if in.reason != "" && slices.ContainsFunc(got.Errors, func(text string) bool { return strings.Contains(text, in.reason) }) {
		received = "the reason"
	}
	switch {
	case got.Sockets == 0:
		return "no socket"
	case got.Sockets == 1:
		return "gives up; " + received
	case in.name == "restart" && got.Sockets == 2 && len(got.Results) == 2:
		return "comes back; " + received
	case got.Sockets < fastSockets:
		return "tries again, slowly; " + received
	default:
		return "tries again, fast; " + received
	}
}
