// Package lambdaredis drives the chat's compiled Lambda functions and worker on
// Redis, behind the local API Gateway, from end to end.
//
// The tests have the build tag e2e: `make e2e` installs what they need and runs
// them.
package lambdaredis
