// Package runtime runs compiled Lambda functions on one machine, by the Lambda
// Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html):
// the very binary that is deployed.
//
// A Function is a pool of processes of one program. As on Lambda, a process
// handles one invocation at a time, keeps running for later ones, and is
// replaced when it ends, fails to start, or runs into its timeout.
//
// Not as on Lambda: an idle process is not frozen, memory is not limited, and
// what a process writes to its standard output goes where the caller says.
package runtime
