//go:build e2e

package lambda

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fanql/fanql/e2e/internal/program"
)

// cloud is the chat on its three functions.
type cloud struct {
	program.Program
	// database is reached directly, and by the program through proxy.
	database *dynamodb.Client
	account  account // that of the database
	proxy    *proxy
}

// startCloud runs examples/chat/lambda/local with the arguments until the end of
// the test, on the chat in graphql-go.
func startCloud(t *testing.T, args ...string) *cloud {
	t.Helper()
	return startCloudWith(t, "", args...)
}

// startCloudWith is startCloud with more tags for the build of the functions.
func startCloudWith(t *testing.T, tags string, args ...string) *cloud {
	t.Helper()
	function := program.Build(t, "examples/chat/lambda/dynamodb", "-tags="+strings.TrimSuffix("lambda.norpc,"+tags, ","))
	account := newAccount(t)
	proxy := startProxy(t, account)
	args = append([]string{"-addr", "127.0.0.1:0", "-dynamodb", proxy.url, "-program", function}, args...)
	database := account.server.Client(func(o *dynamodb.Options) { o.Credentials = account.credentials() })
	return &cloud{program.Start(t, "examples/chat/lambda/local", args...), database, account, proxy}
}

// mustPublish is publish for the test's own goroutine.
func (c *cloud) mustPublish(t *testing.T, room, text string) {
	t.Helper()
	if err := program.Publish(t.Context(), c.Base, room, text); err != nil {
		t.Fatalf("publishing %q: %v", text, err)
	}
}

// rows reads a table, without the histories of topics, which outlive subscribers.
func (c *cloud) rows(t *testing.T, table string) []map[string]types.AttributeValue {
	t.Helper()
	consistent := true
	pages := dynamodb.NewScanPaginator(c.database, &dynamodb.ScanInput{TableName: &table, ConsistentRead: &consistent})
	var all []map[string]types.AttributeValue
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatalf("reading the table %s: %v", table, err)
		}
		for _, row := range page.Items {
			if row["epoch"] == nil {
				all = append(all, row)
			}
		}
	}
	return all
}

// counts are the numbers of rows.
type counts struct{ connections, subscriptions int }

func (c *cloud) counts(t *testing.T) counts {
	t.Helper()
	return counts{len(c.rows(t, "connections")), len(c.rows(t, "subscriptions"))}
}

// awaitCounts waits until the tables have so many rows.
func (c *cloud) awaitCounts(t *testing.T, want counts) {
	t.Helper()
	var got counts
	eventually(t, func() bool {
		got = c.counts(t)
		return got == want
	}, func() string { return fmt.Sprintf("there are %+v rows, want %+v", got, want) })
}

// eventually asks until the answer is true, and fails the test with the
// problem if it does not come.
func eventually(t *testing.T, ask func() bool, problem func() string) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	stuck := time.After(program.Patience)
	for !ask() {
		select {
		case <-again.C:
		case <-stuck:
			t.Fatalf("after %v %s", program.Patience, problem())
		}
	}
}

// url is where sockets connect to.
func (c *cloud) url() string { return strings.Replace(c.Base, "http", "ws", 1) + "/graphql" }
