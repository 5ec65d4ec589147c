// Package deploy keeps the AWS SAM templates of the chat example, and the same for
// Terraform. The package has tests only, which hold both against the code: what tables
// there must be, what a function reads from its environment, which permissions it uses;
// and Terraform against the templates.
package deploy
