// Package redaction lets everything fail that can, with secrets in whatever
// clients, hooks, publishers and resolvers hand over, and looks for them in logs,
// errors, spans and metrics. Its tests have the build tag e2e.
package redaction
