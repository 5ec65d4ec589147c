package dynamodb

import (
	"cmp"
	"context"
	"slices"

	"github.com/fanql/fanql/ports"
)

// Operations lists the operations of a connection, for operators: of each it has Ref,
// Topics, ReceivedAt and ExpiresAt, and the rest is in their rows (GetSubscriber). They
// are in the order in which they were received. ErrNotFound: the connection is absent
// or expired.
//
// It makes 1 GetItem.
func (b *Backend) Operations(ctx context.Context, id ports.ConnectionID) ([]ports.Operation, error) {
	const op = "Operations"
	if err := ended(ctx, op); err != nil {
		return nil, err
	}
	c, err := b.read(ctx, id, "id, expires, operations", nil)
	now := instantOf(b.now())
	switch {
	case err != nil:
		return nil, failure(op, err)
	case !c.live(now):
		return nil, refusal(op, ports.ErrNotFound)
	}
	var operations []ports.Operation
	for _, held := range c.liveOperations(now) {
		operations = append(operations, ports.Operation{
			Ref: ports.OperationRef{Connection: id, ID: held.id}, Topics: held.topics,
			ReceivedAt: held.received.time(), ExpiresAt: held.expires.time(),
		})
	}
	slices.SortFunc(operations, func(a, b ports.Operation) int {
		return cmp.Or(a.ReceivedAt.Compare(b.ReceivedAt), cmp.Compare(a.Ref.ID, b.Ref.ID))
	})
	return operations, nil
}
