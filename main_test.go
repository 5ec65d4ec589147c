package fanql_test

import (
	"testing"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	logging.Disable() // Tests end servers of Redis on purpose.
	goleak.VerifyTestMain(m)
}
