// Package local is an API Gateway for one machine: for development, and for
// tests of the whole Lambda path without AWS.
//
// A Gateway is a WebSocket API: real sockets come in, Lambda events go out, and
// functions post back to @connections, with AWS's events, limits, close codes and
// error answers:
//
//	gateway := local.NewGateway(local.Config{Function: local.NewFunction(handler)})
//	http.ListenAndServe("localhost:8080", gateway)
//	// clients connect to ws://localhost:8080/local
//	// functions post to http://localhost:8080/local/@connections/{id}
//
// An HTTPAPI does the same for plain HTTP. Both call a Function: a Go handler in
// the same process (NewFunction), or, with package runtime below this one, a
// compiled main in processes of its own. Package stream polls a DynamoDB stream
// for a function.
//
// # As on AWS
//
// Messages of one connection are concurrent invocations. A post before $connect
// has returned fails with 410. A function that answers a message with anything
// but status 200 makes the client read {"message": "Internal server error", ...}.
// $disconnect is sent once a socket is closed, and can be lost
// (Config.NoDisconnect). Config.ReorderWithin shuffles messages by a seed.
//
// # Not as on AWS
//
// Sockets are not encrypted, so an endpoint begins with http://, which functions
// need as a setting (apigw.PusherConfig.Endpoint). Signatures have to be there but
// are not checked. There are no quotas for the account, no IAM, and no VTL.
package local
