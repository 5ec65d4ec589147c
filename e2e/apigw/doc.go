// Package apigw drives what a Lambda function behind API Gateway does with the
// clients that people use, and the long-lived server beside it.
//
// The tests have the build tag e2e, because they need Node.js; `npm ci` in
// clients installs what they run. The Go clients are in goclients, a module of its own.
package apigw
