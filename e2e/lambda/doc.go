// Package lambda drives the chat's compiled Lambda functions, behind the local
// API Gateway and on DynamoDB Local with its stream, from end to end.
//
// The tests have the build tag e2e, because they need Node.js and Java: `make
// e2e` installs what is missing and runs them.
package lambda
