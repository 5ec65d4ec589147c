package redis

import (
	"context"
	"time"

	"github.com/fanql/fanql/ports"
)

// The places of the fields in a row that a script returns.
const (
	rowEndpoint = iota
	rowProtocol
	rowState
	rowIdentity
	rowNotAfter
	rowExpires
	rowInit
	rowGone
)

// decodeConnection reads a row. One without expiry is absent.
func decodeConnection(id ports.ConnectionID, row any) ports.Connection {
	var state []byte
	if text := replyText(replyAt(row, rowState)); text != "" {
		state = []byte(text)
	}
	return ports.Connection{
		Address:     ports.Address{ID: id, Endpoint: replyText(replyAt(row, rowEndpoint))},
		Protocol:    replyText(replyAt(row, rowProtocol)),
		State:       state,
		Identity:    replyText(replyAt(row, rowIdentity)),
		NotAfter:    instant(replyText(replyAt(row, rowNotAfter))).time(),
		Initialized: replyAt(row, rowInit) != nil,
		ExpiresAt:   instant(replyText(replyAt(row, rowExpires))).time(),
	}
}

// CreateConnection implements ports.ConnectionStore. A repetition is compared
// with the row as it is by then.
//
// It runs 1 script.
func (s *Store) CreateConnection(ctx context.Context, row ports.Connection) error {
	const op = "CreateConnection"
	if row.Address.ID == "" || row.ExpiresAt.IsZero() {
		return refusal(op, ports.ErrInvalid)
	}
	id, nonce, cleared := row.Address.ID, newToken(), ""
	for {
		reply, err := s.run(ctx, call{
			s.scripts.connectionCreate, []string{s.rowKey(id), s.operationsKey(id), s.endedKey(id)},
			[]any{
				string(instantOf(s.now())), s.life(row.ExpiresAt).Milliseconds(), nonce, cleared,
				row.Address.Endpoint, row.Protocol, row.State, row.Identity,
				string(instantOf(row.NotAfter)), string(instantOf(row.ExpiresAt)), row.Initialized,
			},
		})
		if err != nil {
			return failure(op, err)
		}
		switch replyNumber(replyAt(reply, 0)) {
		case 1:
			return nil
		case 0:
			return refusal(op, ports.ErrConflict)
		}
		// Another socket had the ID, and this one has none of its operations.
		records, err := replyRecords(replyAt(reply, 2))
		if err == nil {
			err = s.clear(ctx, id, records)
		}
		if err != nil {
			return failure(op, err)
		}
		cleared = replyText(replyAt(reply, 1))
	}
}

// GetConnection implements ports.ConnectionStore with 1 script.
func (s *Store) GetConnection(ctx context.Context, id ports.ConnectionID) (ports.Connection, error) {
	const op = "GetConnection"
	row, err := s.run(ctx, call{s.scripts.connectionGet, []string{s.rowKey(id)}, nil})
	switch {
	case err != nil:
		return ports.Connection{}, failure(op, err)
	case replyAt(row, rowGone) != nil || replyText(replyAt(row, rowExpires)) <= string(instantOf(s.now())):
		return ports.Connection{}, refusal(op, ports.ErrNotFound)
	}
	return decodeConnection(id, row), nil
}

// InitConnection implements ports.ConnectionStore with 1 script.
func (s *Store) InitConnection(ctx context.Context, id ports.ConnectionID, init ports.Init) (ports.Connection, error) {
	const op = "InitConnection"
	notAfter := ""
	if !init.NotAfter.IsZero() {
		notAfter = string(instantOf(init.NotAfter))
	}
	reply, err := s.run(ctx, call{
		s.scripts.connectionInit, []string{s.rowKey(id)},
		[]any{string(instantOf(s.now())), init.RequestID, init.State != nil, init.State, init.Identity, notAfter},
	})
	if err != nil {
		return ports.Connection{}, failure(op, err)
	}
	switch replyNumber(replyAt(reply, 0)) {
	case 1:
		return decodeConnection(id, replyAt(reply, 1)), nil
	case 0:
		return ports.Connection{}, refusal(op, ports.ErrConflict)
	}
	return ports.Connection{}, refusal(op, ports.ErrNotFound)
}

// TouchConnection implements ports.ConnectionStore. The connection itself comes
// first: if the call fails after that, rows of its operations end earlier, unless
// it is repeated or another one follows.
//
// It runs 1 script, and in a second round trip 1 for each topic of its operations.
func (s *Store) TouchConnection(ctx context.Context, id ports.ConnectionID, expiresAt time.Time) error {
	const op = "TouchConnection"
	expires, life := string(instantOf(expiresAt)), s.life(expiresAt).Milliseconds()
	reply, err := s.run(ctx, call{
		s.scripts.connectionTouch, []string{s.rowKey(id), s.operationsKey(id)},
		[]any{string(instantOf(s.now())), expires, life},
	})
	switch {
	case err != nil:
		return failure(op, err)
	case replyNumber(replyAt(reply, 0)) != 1:
		return refusal(op, ports.ErrNotFound)
	}
	records, err := replyRecords(replyAt(reply, 1))
	if err != nil {
		return failure(op, err)
	}
	if len(records) == 0 {
		return nil
	}
	return failure(op, s.runAll(ctx, s.onRows(s.scripts.listingExtend, id, records, expires, life)))
}

// DeleteConnection implements ports.ConnectionStore. Of a connection that has
// expired it still removes and returns the operations that have not.
//
// It runs 1 script, and where there are operations 1 for each of their topics in a
// second round trip and 1 in a third. Found is decided by the last one: a call
// that follows one which failed half-way finishes its work, and finds what that
// one had not yet returned.
func (s *Store) DeleteConnection(ctx context.Context, id ports.ConnectionID) (ports.Removed, error) {
	const op = "DeleteConnection"
	now, token := string(instantOf(s.now())), newToken()
	keys, memory := []string{s.rowKey(id), s.operationsKey(id), s.endedKey(id)}, repetitionLife.Milliseconds()
	reply, err := s.run(ctx, call{s.scripts.connectionDelete, keys, []any{now, token, memory}})
	if err != nil {
		return ports.Removed{}, failure(op, err)
	}
	done, row := replyAt(reply, 0), replyAt(reply, 2)
	operations, err := replyRecords(replyAt(reply, 3))
	if err != nil {
		return ports.Removed{}, failure(op, err)
	}
	ended, err := replyRecords(replyAt(reply, 4))
	if err != nil {
		return ports.Removed{}, failure(op, err)
	}
	if len(operations)+len(ended) > 0 {
		if err := s.clear(ctx, id, append(ended, operations...)); err != nil {
			return ports.Removed{}, failure(op, err)
		}
		nonce := replyText(replyAt(reply, 1))
		done, err = s.run(ctx, call{s.scripts.connectionForget, keys, []any{nonce, token, memory}})
		if err != nil {
			return ports.Removed{}, failure(op, err)
		}
	}
	if replyNumber(done) != 1 {
		return ports.Removed{}, nil
	}
	var removed ports.Removed
	if replyText(replyAt(row, rowGone)) == "live" {
		removed.Found, removed.Connection = true, decodeConnection(id, row)
	}
	for _, operation := range operations {
		if string(operation.expires) > now {
			removed.Operations = append(removed.Operations, ports.OperationRef{Connection: id, ID: operation.id})
		}
	}
	return removed, nil
}
