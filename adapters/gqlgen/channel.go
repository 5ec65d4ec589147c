package gqlgen

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// settleTime is how long a goroutine of a resolver may take to find out that the
// channel that it reads from is closed.
const settleTime = time.Second

var errOpenChannel = errors.New("its channel does not come from a topic's method Channel, or is not closed when that one is")

// settled waits for the channel that a resolver has returned as a client
// subscribes to be closed: then it comes from the engine, and no goroutine of the
// resolver waits for events of its own.
func settled(ctx context.Context, field *graphql.FieldContext, resolved any) error {
	channel := reflect.ValueOf(resolved)
	if channel.Kind() != reflect.Chan || isNilChannel(resolved) || !isClosed(ctx, channel) {
		return fmt.Errorf("gqlgen: resolver %s.%s: %w", field.Object, field.Field.Name, errOpenChannel)
	}
	return nil
}

func isNilChannel(resolved any) bool {
	channel := reflect.ValueOf(resolved)
	return channel.Kind() == reflect.Chan && channel.IsNil()
}

func isClosed(ctx context.Context, channel reflect.Value) bool {
	if value, received := channel.TryRecv(); value.IsValid() {
		return !received
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	chosen, _, received := reflect.Select([]reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: channel},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ctx.Done())},
	})
	return chosen == 0 && !received
}
