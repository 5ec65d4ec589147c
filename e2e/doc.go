// Package e2e drives the chat example, as a program of its own, with the
// GraphQL clients that people use, its schema in each library, and with a browser.
//
// The tests have the build tag e2e, because they need Node.js and Chromium:
// `make e2e` installs what is missing and runs them.
package e2e
