package run

import "github.com/fanql/fanql/ports"

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
