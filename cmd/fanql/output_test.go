package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
)

// noon is the present of the golden files.
func noon() time.Time { return time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) }

// newDeployment is a shell on a Redis of its own, with two connections: one of them
// is behind on a topic, and the other's names would command a terminal.
func newDeployment(t *testing.T) (shell, *redis.Backend) {
	t.Helper()
	server := miniredis.RunT(t)
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	backend := must.Make(redis.New(redis.Config{Client: client, Now: noon}))
	addConnection(t, backend, ports.Connection{
		Address:  ports.Address{ID: "L0SM9cOFvHcCIhw=", Endpoint: "https://abc.execute-api.eu-west-1.amazonaws.com/live"},
		Protocol: "graphql-transport-ws", Initialized: true, Identity: "ada", State: []byte(`{"token":"secret"}`),
		NotAfter: noon().Add(time.Hour), ExpiresAt: noon().Add(2 * time.Hour),
	}, ports.Operation{
		Ref: ports.OperationRef{ID: "1"}, Topics: []ports.Topic{"room/42", "room/43"},
		From: map[ports.Topic]ports.Mark{"room/43": {Epoch: "e", Position: "7"}}, ReceivedAt: noon().Add(-time.Minute),
	}, ports.Operation{Ref: ports.OperationRef{ID: "2"}, ReceivedAt: noon()}, ports.Operation{
		Ref: ports.OperationRef{ID: "fanql:identity"}, Topics: []ports.Topic{"fanql:identity:ada"}, ReceivedAt: noon(),
	})
	addConnection(t, backend, ports.Connection{
		Address: ports.Address{ID: "b", Endpoint: "gateway-1"}, Protocol: "graphql-ws", ExpiresAt: noon().Add(time.Hour),
	}, ports.Operation{Ref: ports.OperationRef{ID: "\x1b[2Jx"}, Topics: []ports.Topic{"room/42"}, ReceivedAt: noon()})
	return shell{now: noon, env: map[string]string{
		"FANQL_REDIS_ADDRESSES": server.Addr(), "FANQL_REDIS_TLS": "off", "FANQL_REDIS_CLUSTER": "off",
	}}, backend
}

func addConnection(t *testing.T, store ports.Store, row ports.Connection, operations ...ports.Operation) {
	t.Helper()
	if err := store.CreateConnection(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	for _, operation := range operations {
		operation.Ref.Connection, operation.Address, operation.Protocol = row.Address.ID, row.Address, row.Protocol
		operation.State, operation.NotAfter, operation.ExpiresAt = row.State, row.NotAfter, row.ExpiresAt
		operation.Request = []byte(`{"query":"subscription { messages(room: \"secret\") }"}`)
		if err := store.AddOperation(t.Context(), operation); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	s, _ := newDeployment(t)
	for name, line := range map[string]string{
		"who":                "who room/42",
		"who-behind":         "who room/43",
		"who-count":          "who -count room/42",
		"who-count-json":     "who -count -json room/42",
		"who-json":           "-json who room/42",
		"who-request":        "who -request -state room/42",
		"who-request-json":   "who -request -state -json room/42",
		"who-none":           "who room/44",
		"connection":         "connection L0SM9cOFvHcCIhw=",
		"connection-json":    "connection -json L0SM9cOFvHcCIhw=",
		"connection-state":   "connection -state -request L0SM9cOFvHcCIhw=",
		"connection-b":       "connection b",
		"dead-letters-none":  "dead-letters list",
		"dead-letters-quiet": "dead-letters redrive -json",
	} {
		got := s.succeed(t, strings.Fields(line)...)
		golden(t, name, got)
		if asked := strings.Contains(line, "-state"); !asked && strings.Contains(got, "secret") {
			t.Errorf("fanql %s shows what was not asked for:\n%s", line, got)
		}
		if strings.Contains(got, "\x1b") {
			t.Errorf("fanql %s prints a control character of a client's", line)
		}
	}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	s, backend := newDeployment(t)
	first := s.succeed(t, "publish", "room/42", `{"text":"hi"}`)
	s.input = `{"text":"from standard input"}`
	s.succeed(t, "publish", "-only", "b", "-except", "c", "-json", "-keep", "10", "-keep-age", "1h", "room/42", "-")
	s.succeed(t, "publish", "-end", "room/42")
	s.succeed(t, "publish", "-shards", "2", "room/43", `1`)
	s.succeed(t, "disconnect", "-identity", "ada", "-code", "4401", "-reason", "gone")
	published := consume(t, backend, 6)
	byTopic := map[ports.Topic][]ports.Event{}
	for _, event := range published {
		byTopic[event.Topic] = append(byTopic[event.Topic], event)
	}
	room := byTopic["room/42"]
	if len(room) != 3 || string(room[0].Payload) != `{"text":"hi"}` || !strings.Contains(first, room[0].ID) || !room[0].Time.Equal(noon()) {
		t.Fatalf("published %+v, want the event that the command names: %s", room, first)
	}
	if e := room[1]; string(e.Payload) != s.input || len(e.Only) != 1 || e.Only[0] != "b" || len(e.Except) != 1 || e.Except[0] != "c" ||
		e.Keep != (ports.Retention{Count: 10, Age: time.Hour}) {
		t.Errorf("the second event is %+v", e)
	}
	if e := room[2]; e.Kind != ports.EventComplete || len(e.Payload) != 0 {
		t.Errorf("the third event is %+v, want an end", e)
	}
	if len(byTopic["room/43/shard 0 of 2"]) != 1 || len(byTopic["room/43/shard 1 of 2"]) != 1 {
		t.Errorf("published on %v, want both shards", byTopic)
	}
	if e := byTopic["fanql:identity:ada"]; len(e) != 1 || e[0].Kind != ports.EventDisconnect ||
		string(e[0].Payload) != `{"code":4401,"reason":"gone"}` {
		t.Errorf("the identity's event is %+v", e)
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	redis := map[string]string{"FANQL_REDIS_ADDRESSES": "127.0.0.1:1"}
	aws := map[string]string{"FANQL_EVENTS_TABLE": "events", "AWS_REGION": "eu-west-1"}
	for name, test := range map[string]struct {
		env  map[string]string
		line string
		want string
	}{
		"no command":           {redis, "foo", "there is no command foo"},
		"no database":          {nil, "who t", "no database: set -stack (FANQL_STACK)"},
		"two databases":        {map[string]string{"FANQL_REDIS_ADDRESSES": "a:1", "FANQL_STACK": "s"}, "who t", "choose by -database (FANQL_DATABASE)"},
		"another database":     {redis, "-database mysql who t", `-database (FANQL_DATABASE) is "mysql"`},
		"no topic":             {redis, "who", "who needs TOPIC"},
		"two topics":           {redis, "who a b", "takes 1 arguments, and got 2"},
		"an unknown flag":      {redis, "who -foo t", "-foo"},
		"no JSON":              {redis, "publish t hello", "the payload is no JSON"},
		"no payload":           {redis, "publish t", "publish needs TOPIC and JSON"},
		"an end with payload":  {redis, "publish -end t 1", "publish -end takes no JSON"},
		"keep without age":     {redis, "publish -keep 3 t 1", "-keep and -keep-age go together"},
		"keep without a value": {redis, "publish t 1 -keep", "flag needs an argument: -keep: fanql publish -help lists the flags"},
		"keep of no number":    {redis, "publish -keep x t 1", `invalid value "x" for flag -keep: fanql publish -help lists the flags`},
		"no flag":              {redis, "-keep 1 publish t 1", "flag provided but not defined: -keep: fanql -help lists the flags"},
		"negative shards":      {redis, "publish -shards=-1 t 1", "-shards must not be negative"},
		"disconnect nobody":    {redis, "disconnect", "needs the ID of a connection, or -identity"},
		"disconnect both":      {redis, "disconnect -identity a b", "got both"},
		"letters of nothing":   {redis, "dead-letters", "needs list, show, redrive or drop"},
		"letters otherwise":    {redis, "dead-letters burn", "no command burn"},
		"a switch":             {redis, "-redis-tls yes who t", `FANQL_REDIS_TLS is "yes", and has to be on or off`},
		"no region":            {map[string]string{"FANQL_EVENTS_TABLE": "e"}, "who t", "no region: set -region (AWS_REGION)"},
		"no tables":            {aws, "doctor", "not set: -connections-table (FANQL_CONNECTIONS_TABLE), -subscriptions-table (FANQL_SUBSCRIPTIONS_TABLE)"},
		"no bucket":            {aws, "dead-letters list", "not set: -dropped-records (FANQL_DROPPED_RECORDS), -stream-function (FANQL_STREAM_FUNCTION)"},
		"a negative partition": {
			redis, "-redis-partitions=-1 who t", "redis.Config.Partitions",
		},
	} {
		r := shell{env: test.env}.run(t.Context(), strings.Fields(test.line)...)
		if r.code != codeMisused || !strings.Contains(r.log, test.want) || r.out != "" {
			t.Errorf("%s: exit code %d, %q, printed %q; want %q", name, r.code, r.log, r.out, test.want)
		}
	}
}

func TestAbsentConnection(t *testing.T) {
	t.Parallel()
	s, _ := newDeployment(t)
	for _, command := range []string{"connection", "disconnect"} {
		if r := s.run(t.Context(), command, "none"); r.code != codeFailed || r.log != "fanql: there is no connection none, or it has expired\n" {
			t.Errorf("%s: exit code %d, %q", command, r.code, r.log)
		}
	}
}

// TestDocument: docs/command-line.md shows what is printed.
func TestDocument(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/command-line.md")
	if err != nil {
		t.Fatal(err)
	}
	printed, err := os.ReadFile("testdata/connection.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(document), "$ fanql connection L0SM9cOFvHcCIhw=\n"+string(printed)) {
		t.Error("the document shows another output than testdata/connection.txt")
	}
	for _, s := range settingsOf() {
		if !strings.Contains(string(document), "`"+s.variable+"`") {
			t.Errorf("the document does not name %s", s.variable)
		}
	}
}
