//go:build e2e

package outages

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"
)

var (
	full   = flag.Bool("outages.full", false, "outages of every length, as in docs/outages.md")
	report = flag.String("outages.report", "", "a folder for the rows of docs/outages.md, one file a table")
)

// functionVariable is set where this program is a Lambda function.
const functionVariable = "FANQL_OUTAGES_FUNCTION"

func TestMain(m *testing.M) {
	if os.Getenv(functionVariable) != "" {
		if err := serveFunction(); err != nil {
			fmt.Fprintln(os.Stderr, "function:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	stopDatabase()
	os.Exit(code)
}

// lengths are how long the outages of this run last.
func lengths() []time.Duration {
	if *full {
		return []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, time.Second, 3 * time.Second, 30 * time.Second}
	}
	return []time.Duration{time.Second}
}
