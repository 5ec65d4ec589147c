//go:build e2e

package lambdaredis

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/fanql/fanql/e2e/internal/program"
)

// programs is the folder of the functions' program and the worker.
var programs string

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

// testMain builds the programs, with the race detector, before it runs the tests.
func testMain(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "lambdaredis"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programs)
	const folder = program.Module + "/examples/chat/lambda/redis"
	build := exec.Command("go", "build", "-race", "-tags", "lambda.norpc", "-o", programs, folder, folder+"/worker")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the programs: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}
