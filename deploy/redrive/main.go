// Redrive delivers the records that a stack's stream function has given up, once
// their cause is gone:
//
//	go run github.com/fanql/fanql/deploy/redrive -stack fanql-chat
//
// It needs the AWS CLI, version 2, with the right to describe the stack, to read and
// delete what is in its bucket, and to invoke its stream function.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
)

func main() {
	stack := flag.String("stack", "", "name of the stack")
	flag.Parse()
	if *stack == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*stack); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(stack string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	folder, err := os.MkdirTemp("", "redrive")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a temporary folder
	count, err := redrive(ctx, stack, folder, awsCLI)
	_, printing := fmt.Fprintf(os.Stdout, "%d batches delivered\n", count)
	return errors.Join(err, printing)
}

// awsCLI runs the AWS CLI and returns what it prints.
func awsCLI(ctx context.Context, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "aws", arguments...) //nolint:gosec // the arguments are made by redrive
	command.Stderr = os.Stderr
	return command.Output()
}
