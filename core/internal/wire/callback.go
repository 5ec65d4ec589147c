package wire

// Callback is for connections that are one subscription, whose results are posted to
// a URL (ports.Handshake.Callback). Its transport makes messages of the modern
// subprotocol for the engine, and bodies of posts of the frames.
type Callback struct{ Modern }

var _ Dialect = Callback{}

// callbackName is the protocol's in its own header, subscription-protocol.
const callbackName = "callback/1.0"

// Name implements Dialect. No handshake of a socket can offer it: Select does not
// know it.
func (Callback) Name() string { return callbackName }

// EndsWithOperation is true: nothing else would end the connection.
func (Callback) EndsWithOperation() bool { return true }
