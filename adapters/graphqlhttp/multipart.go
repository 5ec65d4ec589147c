package graphqlhttp

import "github.com/fanql/fanql/ports"

// boundary is the one that Apollo's clients expect.
const boundary = "graphql"

// multipart is the format of Apollo's multipart protocol for subscriptions,
// subscriptionSpec=1.0. The delimiter comes after each part: a client that waits for
// it has the part at once.
type multipart struct{ head, tail []byte }

// newMultipart makes the parts that all results share.
func newMultipart() multipart {
	return multipart{head: []byte(partHead + `{"payload":`), tail: []byte("}" + delimiter)}
}

var _ ports.StreamFormat = multipart{}

const (
	partHead  = "\r\ncontent-type: application/json\r\n\r\n"
	delimiter = "\r\n--" + boundary
)

// Begin is the first delimiter.
func (multipart) Begin() []byte { return []byte("--" + boundary) }

// Next implements ports.StreamFormat.
func (m multipart) Next(response []byte) ports.Frame {
	return ports.Frame{Head: m.head, Payload: response, Tail: m.tail}
}

// Errors is a payload without data.
func (multipart) Errors(errors []byte) ports.Frame {
	return ports.Frame{Head: []byte(partHead + `{"payload":{"errors":`), Payload: errors, Tail: []byte("}}" + delimiter)}
}

// Refused is the protocol's fatal error: a null payload.
func (multipart) Refused(_ int, reason string) ports.Frame {
	errors := ports.NewResponseErrors(reason).AppendJSON(nil)
	return ports.Frame{Head: []byte(partHead + `{"payload":null,"errors":`), Payload: errors, Tail: []byte("}" + delimiter)}
}

// KeepAlive is the protocol's heartbeat, an empty object.
func (multipart) KeepAlive() ports.Frame {
	return ports.Frame{Payload: []byte(partHead + "{}" + delimiter)}
}

// End makes the last delimiter the final one.
func (multipart) End() ports.Frame { return ports.Frame{Payload: []byte("--\r\n")} }
