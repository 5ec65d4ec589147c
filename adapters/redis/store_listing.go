package redis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/fanql/fanql/ports"
)

const (
	// maxPage is the most subscribers of a page, and maxPageBytes the size that
	// ends one: a server does nothing else while it reads a page.
	maxPage      = 10_000
	maxPageBytes = 1 << 20
	// maxCleared is how many rows one script removes.
	maxCleared = 1000
)

// ListSubscribers implements ports.SubscriptionStore with 1 script. A page ends
// after 10,000 subscribers or 1 MiB, whatever its limit.
func (s *Store) ListSubscribers(ctx context.Context, topic ports.Topic, request ports.PageRequest) (ports.Page, error) {
	const op = "ListSubscribers"
	after, ok := parseCursor(topic, request.After)
	if !ok {
		return ports.Page{}, refusal(op, ports.ErrInvalid)
	}
	limit := request.Limit
	if limit <= 0 {
		limit = s.pageSize
	}
	reply, err := s.run(ctx, call{
		s.scripts.listingPage, s.listingKeys(topic),
		[]any{after, min(limit, maxPage), maxPageBytes, string(instantOf(s.now())), string(s.stale())},
	})
	if err != nil {
		return ports.Page{}, failure(op, err)
	}
	answer := replyTexts(reply)
	if len(answer) == 0 {
		return ports.Page{}, failure(op, errReply)
	}
	page := ports.Page{Subscribers: make([]ports.Subscriber, len(answer)-1)}
	for i, row := range answer[1:] {
		if page.Subscribers[i], ok = decodeSubscriber(row); !ok {
			return ports.Page{}, failure(op, errReply)
		}
	}
	if answer[0] != "" {
		page.Next = newCursor(topic, answer[0])
	}
	return page, nil
}

// RemoveSubscribers implements ports.SubscriptionStore with 1 script for 1,000
// rows. An operation keeps its ID on its connection, and its rows in other topics.
func (s *Store) RemoveSubscribers(ctx context.Context, topic ports.Topic, refs []ports.OperationRef) error {
	const op = "RemoveSubscribers"
	var calls []call
	for len(refs) > 0 {
		some := refs[:min(len(refs), maxCleared)]
		refs = refs[len(some):]
		args := make([]any, 0, 2*len(some))
		for _, ref := range some {
			args = append(args, member(ref), "")
		}
		calls = append(calls, call{s.scripts.listingClear, s.listingKeys(topic), args})
	}
	return failure(op, s.runAll(ctx, calls))
}

// clear takes the rows of a connection's operations out of their listings.
func (s *Store) clear(ctx context.Context, id ports.ConnectionID, records []record) error {
	return s.runAll(ctx, s.onRows(s.scripts.listingClear, id, records))
}

// onRows are the calls of a script for the rows of a connection's operations, one
// for each topic.
func (s *Store) onRows(script *script, id ports.ConnectionID, records []record, args ...any) []call {
	var calls []call
	places := make(map[ports.Topic]int)
	for _, r := range records {
		name := member(ports.OperationRef{Connection: id, ID: r.id})
		for _, topic := range r.topics {
			place, known := places[topic]
			if !known {
				place = len(calls)
				places[topic] = place
				calls = append(calls, call{script, s.listingKeys(topic), append([]any(nil), args...)})
			}
			for _, token := range r.attempts() {
				calls[place].keys = append(calls[place].keys, s.waitingKey(topic, name, token))
			}
			calls[place].args = append(calls[place].args, name, r.tokens)
		}
	}
	return calls
}

// checksumLength is how many characters of a cursor tell that it is one, and of
// this topic. They guard against accidents: a cursor is no secret.
const checksumLength = 8

// newCursor is the place after a row, which need not exist any more.
func newCursor(topic ports.Topic, place string) ports.Cursor {
	sum := sha256.Sum256([]byte(string(topic) + "\x00" + place))
	return ports.Cursor(place + "-" + hex.EncodeToString(sum[:])[:checksumLength])
}

func parseCursor(topic ports.Topic, cursor ports.Cursor) (place string, ok bool) {
	if cursor == "" {
		return "0", true
	}
	place, _, _ = strings.Cut(string(cursor), "-")
	_, err := strconv.ParseUint(place, 10, 53)
	return place, err == nil && newCursor(topic, place) == cursor
}
