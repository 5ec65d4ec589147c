// Package apigw drives what a Lambda function behind API Gateway does with the
// clients that people use.
//
// The tests have the build tag e2e, because they need Node.js; `npm ci` in
// clients installs what they run.
package apigw
