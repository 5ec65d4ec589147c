// Package core is FanQL's engine: GraphQL subscriptions on a Schema, with everything
// that it must remember in a Store, everything that is published on an EventBus, and
// everything that it sends through a Pusher (package ports).
//
// A transport calls Connect, Receive and Disconnect for each socket, Execute for
// a request without one, and a bus calls Deliver. Between two calls the engine
// needs no memory of its own, so each call may happen in another process: that
// is what lets subscriptions run on AWS Lambda. No goroutine of an Engine outlives the
// call that started it.
//
// A schema author meets NewTopic, Subscribe and ConnectionFrom; whoever
// publishes meets Publisher; whoever composes a program meets Config.
package core
