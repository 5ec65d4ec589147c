// Package fleet loads a fleet, a Redis and several gateway processes, with raw
// WebSocket clients, and kills and restarts gateways meanwhile. Its tests have
// the build tag e2e; docs/fleet.md says how to run them at full size.
package fleet
