// Package resuming tests the clients of docs/resuming.md in the chat, while their
// sockets are cut and servers end. Its tests have the build tag e2e.
package resuming
