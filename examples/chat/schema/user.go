package schema

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/fanql/fanql/core"
)

// user is the state of a connection: who is talking.
type user struct {
	Name string `json:"name"`
}

// Hooks are the engine's hooks that the schema relies on.
func Hooks() core.Hooks {
	return core.Hooks{OnInit: func(_ context.Context, payload json.RawMessage) (core.Session, error) {
		var params user
		if payload != nil {
			if err := json.Unmarshal(payload, &params); err != nil {
				return core.Session{}, core.Public("connection_init: name must be a string")
			}
		}
		params.Name = strings.TrimSpace(params.Name)
		if err := atMost("name", params.Name, maxName); err != nil {
			return core.Session{}, core.Public("%s", err.Error())
		}
		return core.Session{State: params}, nil
	}}
}

// author is who is named, or else the connection's user.
func author(ctx context.Context, named string) (string, error) {
	if named == "" {
		current, err := core.StateAs[user](ctx)
		if err != nil && !errors.Is(err, core.ErrNoState) {
			return "", err
		}
		named = current.Name
	}
	if named == "" {
		return "", core.Public("author is required: give it as an argument, or a name in connection_init")
	}
	return given("author", named, maxName)
}

// Bounds of what people may send, in characters.
const (
	maxName = 40
	maxText = 2000
)

func given(argument, value string, most int) (string, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		return "", core.Public("%s must not be empty", argument)
	}
	return value, atMost(argument, value, most)
}

func atMost(argument, value string, most int) error {
	if n := utf8.RuneCountInString(value); n > most {
		return core.Public("%s must have at most %d characters, not %d", argument, most, n)
	}
	return nil
}
