package redis

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fanql/fanql/ports"
)

// An event is an entry of a stream, with its topic and its payload as they are,
// and the rest as an envelope.
const (
	topicField   = "topic"
	eventField   = "event"
	payloadField = "payload"
)

// envelope is an event but for its topic, its position and its payload, as JSON. KeepAge
// is in nanoseconds.
type envelope struct {
	ID        string               `json:"id"`
	Kind      ports.EventKind      `json:"kind"`
	Time      time.Time            `json:"time"`
	KeepCount int                  `json:"keepCount,omitempty"`
	KeepAge   time.Duration        `json:"keepAge,omitempty"`
	Only      []ports.ConnectionID `json:"only,omitempty"`
	Except    []ports.ConnectionID `json:"except,omitempty"`
	Trace     map[string]string    `json:"trace,omitempty"`
}

var (
	errNotUTF8  = errors.New("text that is not UTF-8")
	errNoEvent  = errors.New("the entry holds no event of this package's")
	errPosition = errors.New("not the ID of an entry")
)

// encodeEnvelope refuses what JSON would not give back as it was.
func encodeEnvelope(event ports.Event) ([]byte, error) {
	valid := utf8.ValidString(event.ID) && utf8.ValidString(string(event.Kind))
	for _, ids := range [][]ports.ConnectionID{event.Only, event.Except} {
		for _, id := range ids {
			valid = valid && utf8.ValidString(string(id))
		}
	}
	for name, value := range event.Trace {
		valid = valid && utf8.ValidString(name) && utf8.ValidString(value)
	}
	if !valid {
		return nil, errNotUTF8
	}
	return json.Marshal(envelope{
		ID: event.ID, Kind: event.Kind, Time: event.Time, KeepCount: event.Keep.Count, KeepAge: event.Keep.Age,
		Only: event.Only, Except: event.Except, Trace: event.Trace,
	})
}

// decodeEnvelope reads what encodeEnvelope wrote.
func decodeEnvelope(encoded string, event *ports.Event) error {
	var rest envelope
	if err := json.Unmarshal([]byte(encoded), &rest); err != nil {
		return fmt.Errorf("%w: %w", errNoEvent, err)
	}
	event.ID, event.Kind, event.Time = rest.ID, rest.Kind, rest.Time
	event.Keep = ports.Retention{Count: rest.KeepCount, Age: rest.KeepAge}
	event.Only, event.Except, event.Trace = rest.Only, rest.Except, rest.Trace
	return nil
}

// decodeEvent reads the fields of an entry. The event has a position and what
// else could be read even after an error.
func decodeEvent(id string, fields map[string]string) (ports.Event, error) {
	event := ports.Event{Topic: ports.Topic(fields[topicField])}
	if payload := fields[payloadField]; payload != "" {
		event.Payload = []byte(payload)
	}
	var err error
	if event.Position, err = position(id); err != nil {
		return event, err
	}
	if event.Topic == "" {
		return event, errNoEvent
	}
	err = decodeEnvelope(fields[eventField], &event)
	return event, err
}

// position makes strings of the IDs of a stream that compare as the IDs do.
func position(id string) (string, error) {
	milliseconds, sequence, err := parseID(id)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%016x-%016x", milliseconds, sequence), nil
}

// nextID is the lowest ID above one.
func nextID(id string) (string, error) {
	milliseconds, sequence, err := parseID(id)
	if err != nil {
		return "", err
	}
	if sequence++; sequence == 0 {
		milliseconds++
	}
	return formatID(milliseconds, sequence), nil
}

func formatID(milliseconds, sequence uint64) string {
	return fmt.Sprintf("%d-%d", milliseconds, sequence)
}

func parseID(id string) (milliseconds, sequence uint64, err error) {
	left, right, _ := strings.Cut(id, "-")
	if milliseconds, err = strconv.ParseUint(left, 10, 64); err == nil {
		sequence, err = strconv.ParseUint(right, 10, 64)
	}
	if err != nil {
		return 0, 0, errPosition
	}
	return milliseconds, sequence, nil
}
