//go:build integration

package dynamodb_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/fanql/fanql/internal/dynamolocal"
)

// server is DynamoDB Local, one for all tests of the package.
var server *dynamolocal.Server

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	if given := os.Getenv(transactEnv); given != "" {
		return transact(ctx, given)
	}
	var err error
	if server, err = dynamolocal.Start(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Stop()
	return m.Run()
}
