// Package program builds and runs programs of this repository for end-to-end
// tests, and the Node.js clients that talk to them.
package program
