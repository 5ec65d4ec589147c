// Package archtest holds the directions of imports between the layers: ports
// below the engine and below every adapter, the engine and the adapters side by
// side, and only the examples, fanqltest and tests above both.
//
// A new adapter gets its line in the table of layers.go, with the SDK that it
// may import.
//
// It also holds what a Lambda function links: functions.go has the list.
package archtest
