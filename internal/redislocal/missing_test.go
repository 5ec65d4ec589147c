package redislocal_test

import (
	"strings"
	"testing"

	"github.com/fanql/fanql/internal/redislocal"
)

func TestWhatIsMissingIsSaidInOneLine(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, server := redislocal.Start(t.Context(), redislocal.Options{})
	_, cluster := redislocal.StartCluster(t.Context())
	_, sentinel := redislocal.StartSentinel(t.Context(), redislocal.Options{})
	for _, err := range []error{server, cluster, sentinel} {
		if err == nil || !strings.Contains(err.Error(), "apt-get install redis-server") || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with what to install", err)
		}
	}
}
