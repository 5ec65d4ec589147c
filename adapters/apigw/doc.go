// Package apigw runs the engine on AWS Lambda behind Amazon API Gateway: no
// process holds a socket.
//
//	NewHandler  the Lambda function behind a WebSocket API, an HTTP API or a
//	            function URL, and a DynamoDB stream: one of them, or all
//	NewPusher   the engine's Pusher, over the @connections API
//
// A Handler is handed to lambda.Start. Constructors do no I/O and nothing slow,
// because a cold start waits for them.
//
// # WebSocket API
//
// One function serves $connect, $disconnect, $default and whatever custom routes
// there are. Its policy needs execute-api:ManageConnections, and the API needs no
// route response, unless HandlerConfig.RouteResponses is set.
//
// API Gateway hands messages of one connection to concurrent invocations, in no
// order; the time at which it received them (requestTimeEpoch, milliseconds)
// tells the engine what came first. $disconnect may never come.
//
// # Closing
//
// API Gateway closes with code 1000, whatever the server wants, and the npm
// client graphql-ws answers 1000 by connecting again at once, for ever. Pusher's
// Close therefore first sends a connection_error to a client that must not come back;
// docs/decisions/0005-closing-on-api-gateway.md has what was tried.
//
// # On one machine
//
// Package local, below this one, is an API Gateway for development and tests.
package apigw
