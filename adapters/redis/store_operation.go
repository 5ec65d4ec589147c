package redis

import (
	"context"
	"errors"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

// waitingLife is how long a row waits to be listed, which takes milliseconds, before
// Redis drops it: nobody knows of one that a process left which died meanwhile.
const waitingLife = 2 * time.Minute

// errWaited: the process was suspended while a row waited, which may be gone.
var errWaited = errors.New("the operation's rows may have expired before they were listed")

// AddOperation implements ports.SubscriptionStore. What is invalid by itself is
// refused without a request, and so before a tombstone is seen. The same operation
// again with other topics keeps its first ones.
//
// It writes a row for each topic where listings do not see it, decides at the
// connection, and has the rows listed: for K topics K SETs, 1 script and K scripts
// in three round trips, or without topics 1 script. A row that RemoveOperation or
// DeleteConnection has cleared in between is not there to be listed.
func (s *Store) AddOperation(ctx context.Context, added ports.Operation) error {
	const op = "AddOperation"
	if err := ended(ctx, op); err != nil {
		return err
	}
	if slices.Contains(added.Topics, "") || added.ExpiresAt.IsZero() {
		return refusal(op, ports.ErrInvalid)
	}
	for {
		token, begun := newToken(), time.Now()
		if err := s.wait(ctx, added, token); err != nil {
			return failure(op, err)
		}
		kept, kind, err := s.decide(ctx, added, token)
		if err != nil || kept.over {
			return failure(op, err)
		}
		if kind == nil && slices.Equal(kept.topics, added.Topics) && kept.expires == instantOf(added.ExpiresAt) {
			err := s.place(ctx, added, token)
			if err == nil && time.Since(begun) > waitingLife/2 {
				err = errWaited
			}
			return failure(op, err)
		}
		// Rows that nobody has listed are no harm, and expire.
		_ = s.clear(ctx, added.Ref.Connection, []record{{id: added.Ref.ID, tokens: token, topics: added.Topics}})
		if kind != nil {
			return refusal(op, kind)
		}
		added.Topics, added.ExpiresAt = kept.topics, kept.expires.time()
	}
}

// wait writes the rows where they are not listed yet.
func (s *Store) wait(ctx context.Context, added ports.Operation, token string) error {
	if len(added.Topics) == 0 {
		return nil
	}
	if err := s.clocks.check(ctx); err != nil {
		return err
	}
	head := string(instantOf(added.ExpiresAt)) + token
	name := member(added.Ref)
	_, err := s.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for _, topic := range added.Topics {
			row := append([]byte(head), encodeSubscriber(added, topic)...)
			pipe.Set(ctx, s.waitingKey(topic, name, token), row, waitingLife)
		}
		return nil
	})
	return err
}

// decide puts the operation into its connection, if it may be there, and returns
// what the connection keeps of it. The kind says why it may not.
func (s *Store) decide(ctx context.Context, added ports.Operation, token string) (kept record, kind, err error) {
	id := added.Ref.Connection
	reply, err := s.run(ctx, call{
		s.scripts.operationAdd, []string{s.rowKey(id), s.operationsKey(id), s.tombstoneKey(added.Ref)},
		[]any{
			string(instantOf(s.now())), digest([]byte(added.Ref.ID)), string(instantOf(added.ReceivedAt)),
			digest(added.Request), string(instantOf(added.ExpiresAt)), token, len(added.Topics) > 0,
			encodeNames(added), max(added.Limit, 0), s.life(added.ExpiresAt).Milliseconds(),
		},
	})
	if err != nil {
		return record{}, nil, err
	}
	answer := replyText(replyAt(reply, 1))
	switch replyNumber(replyAt(reply, 0)) {
	case 2:
		return record{over: true}, nil, nil
	case 1:
		var ok bool
		if kept, ok = decodeRecord(answer); !ok {
			err = errReply
		}
		return kept, nil, err
	}
	switch answer {
	case "absent":
		kind = ports.ErrNotFound
	case "cancelled":
		kind = ports.ErrCancelled
	case "conflict":
		kind = ports.ErrConflict
	case "full":
		kind = ports.ErrTooMany
	default:
		err = errReply
	}
	return record{}, kind, err
}

// place has the rows listed.
func (s *Store) place(ctx context.Context, added ports.Operation, token string) error {
	name, calls := member(added.Ref), make([]call, len(added.Topics))
	for i, topic := range added.Topics {
		calls[i] = call{
			s.scripts.listingPlace, append(s.listingKeys(topic), s.waitingKey(topic, name, token)),
			[]any{name, string(s.stale()), string(instantOf(added.ExpiresAt)), s.life(added.ExpiresAt).Milliseconds(), string(instantOf(s.now()))},
		}
	}
	return s.runAll(ctx, calls)
}

// stale is the instant up to which rows that have expired are cleared. Those that
// expired later may be alive by the clock of another process.
func (s *Store) stale() instant { return instantOf(s.now().Add(-grace)) }

// RemoveOperation implements ports.SubscriptionStore. Its tombstones last a minute
// by the configured clock.
//
// It runs 1 script, and where an operation with K topics was removed K in a second
// round trip and 1 in a third. What it returns is decided by the last one: a call
// that follows one which failed half-way finishes its work, and returns true.
func (s *Store) RemoveOperation(ctx context.Context, ref ports.OperationRef, receivedAt time.Time) (bool, error) {
	const op = "RemoveOperation"
	id, now, received, token := ref.Connection, s.now(), instantOf(receivedAt), newToken()
	tombstone, life := s.tombstoneKey(ref), (tombstoneLife + grace).Milliseconds()
	reply, err := s.run(ctx, call{
		s.scripts.operationRemove, []string{s.rowKey(id), s.operationsKey(id), s.endedKey(id), tombstone},
		[]any{
			string(instantOf(now)), digest([]byte(ref.ID)), string(received), string(received.before()), token,
			string(instantOf(now.Add(tombstoneLife))), life,
		},
	})
	if err != nil {
		return false, failure(op, err)
	}
	done := replyAt(reply, 0)
	records, err := replyRecords(replyAt(reply, 1))
	if err == nil && len(records) > 0 {
		err = s.clear(ctx, id, records)
	}
	if err != nil {
		return false, failure(op, err)
	}
	if fields := replyTexts(replyAt(reply, 2)); len(fields) > 0 {
		args := []any{token, life}
		for _, field := range fields {
			args = append(args, field)
		}
		done, err = s.run(ctx, call{s.scripts.operationForget, []string{s.endedKey(id), tombstone}, args})
		if err != nil {
			return false, failure(op, err)
		}
	}
	return replyNumber(done) == 1, nil
}
