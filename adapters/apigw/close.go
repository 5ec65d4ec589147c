package apigw

import "encoding/json"

// closeNotice is the message that ends a client for good. The legacy subprotocol
// has it ("GQL_CONNECTION_ERROR", subscriptions-transport-ws PROTOCOL.md), so its
// clients read the payload. The other one does not know the type: the npm client
// graphql-ws closes with 4004 (bad response) and does not connect again, before its
// ack and after. It names no operation, so that no client looks for one.
func closeNotice(code int, reason string) []byte {
	type payload struct {
		Message string `json:"message"`
		Code    int    `json:"code"`
	}
	type message struct {
		Type    string  `json:"type"`
		Payload payload `json:"payload"`
	}
	encoded, _ := json.Marshal(message{"connection_error", payload{reason, code}}) // strings always have a JSON
	return encoded
}
