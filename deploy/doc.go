// Package deploy keeps the AWS SAM templates of the chat example. The package has
// tests only, which hold the templates against the code: what tables there must
// be, what a function reads from its environment, which permissions it uses. The
// program in redrive delivers what a stack has given up.
package deploy
