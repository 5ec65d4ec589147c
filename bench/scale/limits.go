package main

import "time"

// What AWS allows.
const (
	// Requests of an account in a region, posts of @connections included. It can
	// be raised; in thirteen regions it is 2,500. Source: "Amazon API Gateway quotas",
	// account-level quotas, per Region.
	postsPerSecond = 10_000
	// The longest that an invocation may run. Source: "Lambda quotas", function
	// timeout.
	invocationSeconds = 900
	// Invocations at a time for one shard of a stream: the most that
	// ParallelizationFactor may be. Source: "Using AWS Lambda with Amazon DynamoDB",
	// parallelization factor. Each has the items whose keys fall to it, and an item
	// of the events table is a topic.
	lanes = 10
	// How often an event source mapping looks for records. Source: the same page,
	// polling and batching streams: four times a second.
	pollingSeconds = 0.25
	// The most that one Query reads. Source: "Quotas in Amazon DynamoDB", Query.
	queryBytes = 1 << 20
	// What a consistent read unit reads. Source: "DynamoDB read and write
	// operations", capacity unit consumption for reads.
	readUnitBytes = 4 << 10
	// Writes to one partition key. A transaction counts double, and a subscribe is
	// one. Source: "Best practices for designing and using partition keys".
	writesPerSecond, writesPerSubscribe = 1_000, 2
	// Memory with which a function has one whole processor. Source: "Configure
	// Lambda function memory".
	memoryGigabytes = 1769.0 / 1024
)

// List prices in dollars, us-east-1, on demand, arm64, no free tier. docs/costs.md
// says where they are from and as of when.
const (
	perPost           = 1.00 / 1e6 // up to 32 KB each
	perReadUnit       = 0.125 / 1e6
	perWriteUnit      = 0.625 / 1e6
	perInvocation     = 0.20 / 1e6
	perGigabyteSecond = 0.0000133334
)

const (
	// rowBytes is a subscriber's row as docs/costs.md measures it.
	rowBytes = 444
	// pushConcurrency and reserve are the defaults of core.Config.
	pushConcurrency = 64
	reserve         = 5 * time.Second
)
