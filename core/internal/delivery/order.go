package delivery

import (
	"context"
	"encoding/json"

	"github.com/fanql/fanql/ports"
)

// catchUpOrder is the payload of an EventCatchUp.
type catchUpOrder struct {
	Rows []catchUpRow `json:"rows"`
}

// catchUpRow is a subscriber with the version of its place that the event is about. A
// higher one has an event of its own. Attempt is how often it was not reached before.
type catchUpRow struct {
	Connection ports.ConnectionID `json:"connection"`
	// Operation is the client's own. As base64 it is never more than a third longer,
	// whatever its characters are.
	Operation []byte `json:"operation"`
	Version   uint64 `json:"version,omitempty"`
	Attempt   int    `json:"attempt,omitempty"`
}

// size is about that of the row's JSON.
func (r *catchUpRow) size() int { return len(r.Connection) + len(r.Operation)*4/3 + 100 }

// maxCatchUpBytes is about how much one event names, but for one subscriber: a bus
// bounds the size of an event, DynamoDB's at 400 KB.
const maxCatchUpBytes = 100_000

// publishCatchUp publishes what makes subscribers catch up, by the versions that they
// have or are going to have.
func (d *Deliverer) publishCatchUp(ctx context.Context, topic ports.Topic, rows []unreached) error {
	var events []ports.Event
	for len(rows) > 0 {
		var order catchUpOrder
		for size := 0; len(rows) > 0; rows = rows[1:] {
			row := catchUpRow{rows[0].Ref.Connection, []byte(rows[0].Ref.ID), rows[0].Place.Version, rows[0].attempt}
			if size += row.size(); size > maxCatchUpBytes && len(order.Rows) > 0 {
				break
			}
			order.Rows = append(order.Rows, row)
		}
		payload, err := json.Marshal(order)
		if err != nil {
			return err
		}
		events = append(events, ports.Event{ID: d.NewID(), Topic: topic, Kind: ports.EventCatchUp, Payload: payload, Time: d.Now()})
	}
	return d.Bus.Publish(ctx, events...)
}
