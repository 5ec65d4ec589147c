// Package outages takes away, for a time, what FanQL stands on, and counts the
// subscribers: who has every event, who received an error that events are missing, and who
// lacks events in silence. It runs compiled Lambda functions behind the local API
// Gateway on DynamoDB Local, and gateways on a Redis, a Redis Cluster and a primary
// that Sentinel watches.
//
// Its tests have the build tag e2e. By default they are a sample; docs/outages.md
// has the figures of all of them, and the command that makes them.
package outages
