package ports

// Close codes of sockets: those of graphql-transport-ws are from PROTOCOL.md of
// graphql-ws, the others from RFC 6455, section 7.4.1, and the registry that it
// founds.
const (
	CloseNormal        = 1000
	CloseGoingAway     = 1001
	ClosePolicy        = 1008
	CloseTooBig        = 1009
	CloseTryAgainLater = 1013
	CloseBadRequest    = 4400
	CloseUnauthorized  = 4401
	CloseForbidden     = 4403
	CloseSubprotocol   = 4406
	CloseInitTimeout   = 4408
	CloseDuplicate     = 4409
	CloseTooManyInits  = 4429
)

// MayReconnect says whether a client is to connect again after a close code: after
// those that end a connection without a fault of the client's. Code 4408 is
// graphql-ws's init timeout; the others are of RFC 6455 and the IANA registry.
func MayReconnect(code int) bool {
	switch code {
	case 0, CloseNormal, CloseGoingAway, 1005, 1006, 1012, CloseTryAgainLater, 1014, CloseInitTimeout:
		return true
	}
	return false
}
