// Package identity says how the connections of an identity are found: like the
// subscribers of a topic. Each has an operation, of a name that no client may use,
// on a topic of the identity's own. So every store can find them, and whatever ends
// the connection ends that operation too.
package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fanql/fanql/ports"
)

// Reserved begins the topics and the operations that are the engine's own.
const Reserved = "fanql:"

// Operation makes a connection one of its identity's.
const Operation = ports.OperationID(Reserved + "identity")

// maxBytes leaves room for an identity in a topic.
const maxBytes = 1000

// IsReserved reports whether a topic is the engine's own.
func IsReserved(topic string) bool { return strings.HasPrefix(topic, Reserved) }

// Topic is what the connections of an identity subscribe to.
func Topic(identity string) ports.Topic { return ports.Topic(Reserved + "identity:" + identity) }

// Check says what is wrong with an identity.
func Check(identity string) error {
	if len(identity) > maxBytes || !utf8.ValidString(identity) {
		return fmt.Errorf("an identity must be UTF-8 of at most %d bytes", maxBytes)
	}
	return nil
}

// Disconnect is the payload of an event that closes the connections of an identity.
type Disconnect struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
}

// Encode is the payload as an event carries it.
func (d Disconnect) Encode() []byte {
	encoded, _ := json.Marshal(d) // an int and a string always have a JSON
	return encoded
}

// Without are the operations that the client knows of.
func Without(operations []ports.OperationRef) []ports.OperationRef {
	return slices.DeleteFunc(slices.Clone(operations), func(ref ports.OperationRef) bool { return ref.ID == Operation })
}

// Each calls visit for the connections of an identity, by its topic, until it fails.
func Each(ctx context.Context, store ports.SubscriptionStore, topic ports.Topic, pageSize int, visit func(ports.Subscriber) error) error {
	for cursor := ports.Cursor(""); ; {
		page, err := store.ListSubscribers(ctx, topic, ports.PageRequest{After: cursor, Limit: pageSize})
		if err != nil {
			return err
		}
		for _, subscriber := range page.Subscribers {
			if err := visit(subscriber); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		cursor = page.Next
	}
}
