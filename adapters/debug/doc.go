// Package debug shows operators what one process does at the moment: a page, the same
// as JSON, and the same as metrics for Prometheus.
//
// An Observer is the ports.Observer of an engine, and an http.Handler. It keeps counts
// since it was made, and those of the latest minute. It never has a document, a
// variable, a payload, a state, an identity, a header or the text of an error. It has
// the names of topics, which may have those of people in them: the handler asks nobody
// who they are, so it must never be reachable by the public. Serve it on an address of
// its own, such as localhost:6060, or behind what signs operators in.
package debug
