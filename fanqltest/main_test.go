package fanqltest_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(withExamples{m})
}

// withExamples ends what the examples began.
type withExamples struct{ *testing.M }

func (m withExamples) Run() int {
	code := m.M.Run()
	t.end()
	return code
}

// exampleT is the test of an example: its failures end the program.
type exampleT struct {
	testing.TB

	cleanups []func()
}

func (*exampleT) Helper()                  {}
func (*exampleT) Context() context.Context { return context.Background() }
func (*exampleT) Output() io.Writer        { return os.Stderr }

func (t *exampleT) Cleanup(cleanup func()) { t.cleanups = append(t.cleanups, cleanup) }

func (t *exampleT) Errorf(format string, args ...any) { t.Fatalf(format, args...) }

func (*exampleT) Fatalf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func (t *exampleT) end() {
	for _, cleanup := range slices.Backward(t.cleanups) {
		cleanup()
	}
}
