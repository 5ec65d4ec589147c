package apigw

import "encoding/json"

// mayComeBack says whether a client is to connect again after a close code: what
// ends a connection without a fault of the client's. Code 4408 is graphql-ws's
// init timeout; the others are of RFC 6455 and the IANA registry.
func mayComeBack(code int) bool {
	switch code {
	case 0, 1000, 1001, 1005, 1006, 1012, 1013, 1014, 4408:
		return true
	}
	return false
}

// farewell is the message on which the npm client graphql-ws gives up: it closes
// with 4004 (bad response) and does not connect again, before its ack and after.
// A subprotocol's error has a list as its payload; this one has an object, which
// the client quotes in the error that its user reads. The legacy client drops
// errors of operations that it does not know, and neither numbers one like this.
func farewell(code int, reason string) []byte {
	type payload struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	type message struct {
		ID      string  `json:"id"`
		Type    string  `json:"type"`
		Payload payload `json:"payload"`
	}
	encoded, _ := json.Marshal(message{"closed", "error", payload{code, reason}}) // strings always have a JSON
	return encoded
}
