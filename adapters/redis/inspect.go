package redis

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
// It runs 2 scripts, one after the other.
func (s *Store) Operations(ctx context.Context, id ports.ConnectionID) ([]ports.Operation, error) {
	const op = "Operations"
	if _, err := s.GetConnection(ctx, id); err != nil {
		return nil, err
	}
	reply, err := s.run(ctx, call{s.scripts.connectionOperations, []string{s.operationsKey(id)}, nil})
	if err != nil {
		return nil, failure(op, err)
	}
	now := string(instantOf(s.now()))
	var operations []ports.Operation
	for _, text := range replyTexts(reply) {
		r, ok := decodeRecord(text)
		if !ok {
			return nil, failure(op, errReply)
		}
		if string(r.expires) <= now {
			continue
		}
		operations = append(operations, ports.Operation{
			Ref: ports.OperationRef{Connection: id, ID: r.id}, Topics: r.topics,
			ReceivedAt: instant(text[recordReceived:recordRequest]).time(), ExpiresAt: r.expires.time(),
		})
	}
	slices.SortFunc(operations, func(a, b ports.Operation) int {
		return cmp.Or(a.ReceivedAt.Compare(b.ReceivedAt), cmp.Compare(a.Ref.ID, b.Ref.ID))
	})
	return operations, nil
}
