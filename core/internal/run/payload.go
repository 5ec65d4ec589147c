package run

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fanql/fanql/ports"
)

// EncodePayload is a value as an event carries it.
func EncodePayload(value any) (_ []byte, err error) {
	defer ports.Recover(&err)
	return json.Marshal(value)
}

// DecodePayload is a payload as the source of a subscription's field. One that is
// not JSON comes from a publisher other than this engine's; resolvers then find
// nil.
func DecodePayload(payload []byte) any {
	value, err := ports.DecodeJSON(payload)
	if err != nil {
		return nil
	}
	return value
}

// InitialPayload is what an Initial function returns, as an event carries it. The error
// may be ports.ErrSkip.
func InitialPayload(ctx context.Context, initial func(context.Context) (any, error)) (_ []byte, err error) {
	defer ports.Recover(&err)
	value, err := initial(ctx)
	if err != nil {
		return nil, err
	}
	payload, err := EncodePayload(value)
	if err != nil {
		return nil, fmt.Errorf("the initial result is not JSON: %w", err)
	}
	return payload, nil
}
