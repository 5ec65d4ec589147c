package redis

import (
	"strings"

	"github.com/fanql/fanql/ports"
)

// record is an operation as its connection keeps it: what tells a repetition from
// a conflict, and where its rows are. As text it begins with what scripts read:
// expires, received, digest of the request, whether there are topics, and the
// tokens of all attempts to add it, each after a comma, up to a semicolon.
type record struct {
	id      ports.OperationID
	expires instant
	// tokens are as in the text.
	tokens string
	topics []ports.Topic
	// over: it was in place, and has ended before its attempt knew.
	over bool
}

const (
	recordReceived = instantLength
	recordRequest  = recordReceived + instantLength
	recordListed   = recordRequest + digestLength
	recordTokens   = recordListed + 1
)

// encodeNames is the part of a record that scripts do not read.
func encodeNames(o ports.Operation) []byte {
	e := appendField(nil, o.Ref.ID)
	for _, topic := range o.Topics {
		e = appendField(e, topic)
	}
	return e
}

// decodeRecord returns false for what is no record.
func decodeRecord(text string) (record, bool) {
	if len(text) < recordTokens {
		return record{}, false
	}
	tokens, names, found := strings.Cut(text[recordTokens:], ";")
	d := decoder{rest: names}
	r := record{id: ports.OperationID(d.field()), expires: instant(text[:recordReceived]), tokens: tokens}
	for !d.broken && d.rest != "" {
		r.topics = append(r.topics, ports.Topic(d.field()))
	}
	return r, found && d.whole()
}

// attempts are the tokens one by one.
func (r record) attempts() []string { return strings.Split(strings.TrimPrefix(r.tokens, ","), ",") }
