package ports_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanql/fanql/ports"
)

// newLimited is a limited logger, and what it has logged since it was asked last.
func newLimited() (logger *slog.Logger, logged func() []string) {
	var output bytes.Buffer
	handler := slog.NewTextHandler(&output, &slog.HandlerOptions{ReplaceAttr: func(_ []string, attribute slog.Attr) slog.Attr {
		if attribute.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return attribute
	}})
	return ports.LimitLogger(slog.New(handler)), func() []string {
		lines := strings.Split(strings.TrimSuffix(output.String(), "\n"), "\n")
		output.Reset()
		return lines
	}
}

func TestLinesAreLimitedByTheirMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logger, logged := newLimited()
		for n := range 1000 {
			logger.Error("store failed", "n", n)
		}
		logger.Warn("store failed")
		logger.With("who", "me").Error("something else")
		lines := logged()
		if len(lines) != 12 || lines[9] != `level=ERROR msg="store failed" n=9` || lines[10] != `level=WARN msg="store failed"` {
			t.Errorf("of 1,002 lines %d were logged:\n%s", len(lines), strings.Join(lines, "\n"))
		}
		time.Sleep(time.Second)
		for n := range 5 {
			logger.WithGroup("g").Error("store failed", "n", n)
		}
		if lines := logged(); len(lines) != 1 || lines[0] != `level=ERROR msg="store failed" g.n=0 g.left_out=990` {
			t.Errorf("a second later: %q", lines)
		}
		time.Sleep(time.Minute)
		logger.Error("store failed")
		logger.Error("store failed")
		if lines := logged(); len(lines) != 2 || lines[0] != `level=ERROR msg="store failed" left_out=4` || lines[1] != `level=ERROR msg="store failed"` {
			t.Errorf("a minute later: %q", lines)
		}
	})
}

// TestMessagesThatAllDifferAreLimitedToo, and take no memory without end.
func TestMessagesThatAllDifferAreLimitedToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logger, logged := newLimited()
		for n := range 10_000 {
			logger.Error(fmt.Sprint("TLS handshake error from ", n))
		}
		if lines := logged(); len(lines) != 64+10 {
			t.Errorf("%d lines were logged", len(lines))
		}
	})
}

func TestLimitedLoggersShareTheirCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logger, logged := newLimited()
		var logging sync.WaitGroup
		for range 10 {
			logging.Go(func() {
				again := ports.LimitLogger(logger).With("a", "b")
				for range 100 {
					again.Error("it failed")
				}
			})
		}
		logging.Wait()
		if lines := logged(); len(lines) != 10 {
			t.Errorf("%d lines were logged", len(lines))
		}
	})
}
