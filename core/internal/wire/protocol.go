package wire

import "strings"

// The subprotocols, by the names that a handshake offers. Beware: the name
// graphql-ws is the legacy one; the npm package graphql-ws speaks the modern.
const (
	Modern = "graphql-transport-ws"
	Legacy = "graphql-ws"
)

// Select chooses among the subprotocols that a handshake offers, whatever their
// case and order: the modern one where it is offered, else the legacy one. The
// answer to the handshake must repeat the client's own spelling (RFC 6455,
// section 4.1), which is offered[i] with surrounding space removed.
func Select(offered []string) (protocol, spelling string, ok bool) {
	for _, candidate := range []string{Modern, Legacy} {
		for _, name := range offered {
			if name = strings.TrimSpace(name); strings.EqualFold(name, candidate) {
				return candidate, name, true
			}
		}
	}
	return "", "", false
}
