package main

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// docs:start go

// Resumption has the subscriptions of one client resume on each of its connections, one
// after the other: Outgoing and Incoming see every message. Subscriptions with the same
// request count as one.
type Resumption struct {
	mu       sync.Mutex
	requests map[string]string            // of operations, by ID
	last     map[string]map[string]string // position by topic, of each request
}

// NewResumption returns one without positions.
func NewResumption() *Resumption {
	return &Resumption{requests: map[string]string{}, last: map[string]map[string]string{}}
}

// Outgoing is the message to send: a subscribe says what its request has.
func (r *Resumption) Outgoing(message []byte) []byte {
	var envelope struct {
		ID      string                     `json:"id,omitempty"`
		Type    string                     `json:"type"`
		Payload map[string]json.RawMessage `json:"payload,omitempty"`
	}
	if json.Unmarshal(message, &envelope) != nil || envelope.Type != "subscribe" && envelope.Type != "start" {
		return message
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	request := string(envelope.Payload["query"]) + string(envelope.Payload["variables"])
	r.requests[envelope.ID] = request
	positions := []string{}
	for _, position := range r.last[request] {
		positions = append(positions, position)
	}
	slices.Sort(positions)
	envelope.Payload["extensions"], _ = json.Marshal(map[string]any{"resume": positions})
	changed, err := json.Marshal(envelope)
	if err != nil {
		return message
	}
	return changed
}

// Incoming reports whether a message is for the client, and keeps its position.
func (r *Resumption) Incoming(message []byte) bool {
	var envelope struct {
		ID, Type string
		Payload  json.RawMessage
	}
	if json.Unmarshal(message, &envelope) != nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	request, ok := r.requests[envelope.ID]
	switch {
	case !ok:
		return true
	case envelope.Type == "error" && strings.Contains(string(envelope.Payload), `"EVENTS_MISSED"`):
		delete(r.last, request)
		return true
	}
	var result struct {
		Extensions struct {
			Event struct {
				Position string
				Start    []string
			}
		}
	}
	_ = json.Unmarshal(envelope.Payload, &result) // what is no result has no position
	event := result.Extensions.Event
	for _, position := range event.Start {
		r.advance(request, position)
	}
	return event.Start == nil && r.advance(request, event.Position)
}

// advance reports false where a position is not after the last one of its topic.
func (r *Resumption) advance(request, position string) bool {
	topic, mark, ok := strings.Cut(position, ".")
	epoch, at, marked := strings.Cut(mark, ".")
	if !ok || !marked {
		return true
	}
	_, lastMark, _ := strings.Cut(r.last[request][topic], ".")
	if lastEpoch, lastAt, _ := strings.Cut(lastMark, "."); lastMark != "" && lastEpoch == epoch && at <= lastAt {
		return false
	}
	if r.last[request] == nil {
		r.last[request] = map[string]string{}
	}
	r.last[request][topic] = position
	return true
}

// docs:end go
