// Package notices runs the programs of docs/recipes.md: a page with Apollo Client, urql
// and Relay in a browser, a job of cron, and a Lambda function with a schedule. Its tests
// have the build tag e2e.
package notices
