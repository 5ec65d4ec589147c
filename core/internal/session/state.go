package session

import (
	"encoding/json"
	"fmt"
)

func marshalState(state any) ([]byte, error) {
	if state == nil {
		return nil, nil
	}
	encoded, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("the session's state is not JSON: %w", err)
	}
	return encoded, nil
}
