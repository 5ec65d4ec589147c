//go:build e2e

package program

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Publish sends a message to a room of the chat at base, over HTTP, and returns when
// the mutation has.
func Publish(ctx context.Context, base, room, text string) error {
	body, err := json.Marshal(map[string]any{
		"query":     `mutation($room: String!, $text: String!) { send(room: $room, text: $text, author: "Grace") { id } }`,
		"variables": map[string]string{"room": room, "text": text},
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var result struct{ Errors []any }
	if err := json.NewDecoder(response.Body).Decode(&result); err != nil {
		return fmt.Errorf("status %d: %w", response.StatusCode, err)
	}
	if response.StatusCode != http.StatusOK || len(result.Errors) > 0 {
		return fmt.Errorf("status %d: %v", response.StatusCode, result.Errors)
	}
	return nil
}
