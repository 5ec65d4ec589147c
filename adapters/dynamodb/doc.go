// Package dynamodb is a backend on DynamoDB: it keeps connections and
// subscriptions, and publishes: what is published is put into a table, and a
// Lambda function on the table's stream delivers it (Backend.StreamHandler).
//
// The layout of the three tables, and why it is so, is in
// docs/decisions/0006-dynamodb-layout.md; what each call costs is in
// docs/costs.md. Backend.CreateTables makes the tables for development.
//
// # What holds for every call
//
// Reads are consistent. A row whose time has passed counts as absent, whether or
// not DynamoDB has deleted it yet; what decides is the configured clock, to the
// nanosecond.
//
// What DynamoDB refuses for now (a transaction in conflict, throttling, an
// internal error) is tried again with full jitter while the context lasts, ten
// times in all, and beyond what the SDK's client repeats on its own. After that
// the error is ErrThrottled, or of no kind where the outcome is unknown.
//
// An answer that is lost on the way is harmless: whatever the client repeats is
// recognized, by its conditions or by the transaction's token. There are three
// exceptions, which the methods describe: DeleteConnection, Publish (an event may be
// there twice) and MovePlace (ErrConflict for a call that was carried out).
package dynamodb
