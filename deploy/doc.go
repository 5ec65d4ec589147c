// Package deploy keeps the AWS SAM template of the chat example. The package has
// tests only, which hold the template against the code: what tables there must
// be, what a function reads from its environment, which permissions it uses.
package deploy
