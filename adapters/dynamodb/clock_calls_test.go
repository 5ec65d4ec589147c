//go:build integration

package dynamodb_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/ports"
)

// elsewhen is an HTTP client in whose world it is another time.
type elsewhen time.Duration

func (e elsewhen) Do(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		response.Header.Set("Date", time.Now().Add(time.Duration(e)).UTC().Format(http.TimeFormat))
	}
	return response, err
}

// TestProcessWhoseClockIsWrong: rows that have expired by its clock are there all the
// same, and those that it writes may be gone for others. So nothing that it asks for
// succeeds, nor fails as if something were absent.
func TestProcessWhoseClockIsWrong(t *testing.T) {
	tables := newTables(t)
	address, expires := ports.Address{ID: "connection"}, time.Now().Add(time.Hour)
	operation := ports.Operation{
		Ref: ports.OperationRef{Connection: "connection", ID: "1"}, Address: address, Topics: []ports.Topic{"topic"},
		ReceivedAt: time.Now(), ExpiresAt: expires,
	}
	right := newBackend(t, dynamodb.Config{Tables: tables})
	success(t, right.CreateConnection(t.Context(), ports.Connection{Address: address, ExpiresAt: expires}))
	success(t, right.AddOperation(t.Context(), operation))
	for name, world := range map[string]elsewhen{"ahead": elsewhen(-3 * time.Hour), "behind": elsewhen(3 * time.Hour)} {
		t.Run(name, func(t *testing.T) {
			wrong := newBackend(t, dynamodb.Config{Tables: tables, Client: server.Client(func(o *sdk.Options) { o.HTTPClient = world })})
			for call, err := range map[string]error{
				"CreateConnection": wrong.CreateConnection(t.Context(), ports.Connection{Address: ports.Address{ID: "other"}, ExpiresAt: expires}),
				"GetConnection":    second(wrong.GetConnection(t.Context(), "absent")),
				"AddOperation":     wrong.AddOperation(t.Context(), operation),
				"ListSubscribers":  second(wrong.ListSubscribers(t.Context(), "topic", ports.PageRequest{})),
				"MovePlace":        wrong.MovePlace(t.Context(), "topic", ports.OperationRef{}, time.Now(), 0, ports.Place{}),
				"Head":             second(wrong.Head(t.Context(), "topic", keep)),
			} {
				var clock *ports.ClockError
				if !errors.As(err, &clock) || clock.Ahead.Round(time.Minute) != -time.Duration(world) {
					t.Errorf("%s: got error %v, want one that says how far the clock is off", call, err)
				}
				var failed *ports.Error
				if !errors.As(err, &failed) || failed.Kind != nil {
					t.Errorf("%s: the error is of a kind: %v", call, err)
				}
			}
		})
	}
	if page, err := right.ListSubscribers(t.Context(), "topic", ports.PageRequest{}); err != nil || len(page.Subscribers) != 1 {
		t.Errorf("%d subscribers are listed, error %v, want 1", len(page.Subscribers), err)
	}
}

func second[T any](_ T, err error) error { return err }
