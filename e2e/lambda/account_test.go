//go:build e2e

package lambda

import (
	"context"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/fanql/fanql/internal/dynamolocal"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if accounts.server != nil {
		accounts.server.Stop()
	}
	os.Exit(code)
}

// accounts are what tests have of one DynamoDB Local, once one of them has asked for it:
// a start of the program costs more than most tests.
var accounts struct {
	mu     sync.Mutex
	server *dynamolocal.Server
	number int
}

// account is an access key on that server, with tables of its own.
type account struct {
	server *dynamolocal.Server
	key    string
}

// newAccount is one without tables.
func newAccount(t *testing.T) account {
	t.Helper()
	accounts.mu.Lock()
	defer accounts.mu.Unlock()
	if accounts.server == nil {
		server, err := dynamolocal.StartApart(context.WithoutCancel(t.Context())) // it outlives the test
		if err != nil {
			t.Fatal(err)
		}
		accounts.server = server
	}
	accounts.number++
	return account{accounts.server, "account" + strconv.Itoa(accounts.number)}
}

func (a account) endpoint() string { return a.server.Endpoint() }

func (a account) credentials() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(a.key, "secret", "")
}
