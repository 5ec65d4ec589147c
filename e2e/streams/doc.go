// Package streams tests clients without a socket, on server-sent events and on
// multipart responses, against a server that is stopped and started again. Its tests
// have the build tag e2e.
package streams
