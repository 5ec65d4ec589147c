// Redrive delivers the records that a stack's stream function has given up, once
// their cause is gone:
//
//	go run github.com/fanql/fanql/deploy/redrive -stack fanql-chat
//	go run github.com/fanql/fanql/deploy/redrive -bucket NAME -function NAME
//
// A stack of CloudFormation has both names in its outputs; those of Terraform are
// dropped_records_name and stream_function_name. Redrive needs the AWS CLI, version 2,
// with the right to describe the stack, to read and delete what is in its bucket, and to
// invoke its stream function.
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
	var from names
	stack := flag.String("stack", "", "name of the stack, whose outputs have the other two")
	flag.StringVar(&from.bucket, "bucket", "", "name of the bucket with the records")
	flag.StringVar(&from.function, "function", "", "name of the stream function")
	flag.Parse()
	named := from.bucket != "" && from.function != ""
	if (*stack == "") != named || from != (names{}) && !named || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*stack, from); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run asks the stack for the names, unless it has none.
func run(stack string, from names) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	folder, err := os.MkdirTemp("", "redrive")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a temporary folder
	if stack != "" {
		if from, err = namesOf(ctx, stack, awsCLI); err != nil {
			return err
		}
	}
	count, err := redrive(ctx, from, folder, awsCLI)
	_, printing := fmt.Fprintf(os.Stdout, "%d batches delivered\n", count)
	return errors.Join(err, printing)
}

// awsCLI runs the AWS CLI and returns what it prints.
func awsCLI(ctx context.Context, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "aws", arguments...) //nolint:gosec // the arguments are made by redrive
	command.Stderr = os.Stderr
	return command.Output()
}
