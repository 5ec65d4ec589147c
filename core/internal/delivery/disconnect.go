package delivery

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fanql/fanql/core/internal/identity"
	"github.com/fanql/fanql/ports"
)

// disconnect closes the connections of an identity. What one delivery does not
// finish the next one finds: who is disconnected is not listed any more.
func (d *Deliverer) disconnect(ctx context.Context, event ports.Event, began time.Time) error {
	var order identity.Disconnect
	if err := json.Unmarshal(event.Payload, &order); err != nil {
		// Of a publisher other than this engine's; delivering it again would not help.
		d.Calls.Report(ctx, "reading whom to disconnect", err)
		return nil
	}
	return identity.Each(ctx, d.Store, event.Topic, d.PageSize, func(to ports.Subscriber) error {
		if d.outOfTime(ctx, began) {
			return errUnfinished
		}
		return d.Peers.Close(ctx, to.Address, order.Code, order.Reason)
	})
}
