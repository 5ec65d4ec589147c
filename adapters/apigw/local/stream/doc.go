// Package stream polls a DynamoDB stream for a function on one machine, as a
// Lambda event source mapping does: for DynamoDB Local, whose streams work but
// which invokes nothing.
//
// Records of one item reach the function in order, each batch after the one
// before has succeeded. As on AWS that is by shard and, with a parallelization
// factor, by partition key within one; DynamoDB Local has a single shard, so
// Config.Shards deals keys out to as many as there would be.
//
// A batch that fails is repeated, from the lowest failure where the function
// reports one, until it succeeds, runs out of attempts, or its records are too
// old. How far it got is not kept: another Run begins where Config says.
package stream
