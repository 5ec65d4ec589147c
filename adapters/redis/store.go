package redis

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

var _ ports.Store = (*Store)(nil)

const (
	// grace is how much longer than a row its key lives. It covers clocks that
	// differ, and a configured clock that stands still in a test.
	grace = 2 * time.Minute
	// tombstoneLife is how long the contract has a tombstone last.
	tombstoneLife = time.Minute
	// repetitionLife is how long a call's outcome is remembered for the client that
	// did not get the answer.
	repetitionLife = time.Minute
)

// Store keeps connections, operations and checkpoints in Redis. It implements
// ports.Store and may be used by many goroutines at once.
//
// A listing is in the order in which the operations were added.
type Store struct {
	client   goredis.UniversalClient
	scripts  storeScripts
	keys     keyspace
	now      func() time.Time
	clocks   *clocks
	pageSize int
}

func newStore(config Config, clocks *clocks) *Store {
	return &Store{
		client: config.Client, scripts: newStoreScripts(), keys: newKeyspace(config.Prefix),
		now: config.Now, clocks: clocks, pageSize: config.PageSize,
	}
}

// run runs a script, unless the clock of the process is wrong.
func (s *Store) run(ctx context.Context, c call) (any, error) {
	if err := s.clocks.check(ctx); err != nil {
		return nil, err
	}
	return run(ctx, s.client, c)
}

// runAll runs scripts, unless the clock of the process is wrong.
func (s *Store) runAll(ctx context.Context, calls []call) error {
	if err := s.clocks.check(ctx); err != nil {
		return err
	}
	return runAll(ctx, s.client, calls)
}

func (s *Store) connectionKey(id ports.ConnectionID, part string) string {
	return s.keys.key(kindConnection, string(id), part)
}

func (s *Store) rowKey(id ports.ConnectionID) string { return s.connectionKey(id, "row") }

func (s *Store) operationsKey(id ports.ConnectionID) string {
	return s.connectionKey(id, "operations")
}

func (s *Store) endedKey(id ports.ConnectionID) string { return s.connectionKey(id, "ended") }

func (s *Store) tombstoneKey(ref ports.OperationRef) string {
	return s.connectionKey(ref.Connection, "tombstone:"+digest([]byte(ref.ID)))
}

func (s *Store) topicKey(topic ports.Topic, part string) string {
	return s.keys.key(kindTopic, string(topic), part)
}

// listingKeys are those of a topic's listing.
func (s *Store) listingKeys(topic ports.Topic) []string {
	return []string{s.topicKey(topic, "members"), s.topicKey(topic, "rows")}
}

// waitingKey is that of a row before it is in the listing.
func (s *Store) waitingKey(topic ports.Topic, member, token string) string {
	return s.topicKey(topic, "waiting:"+member+":"+token)
}

// life is how long a key lives whose row expires at the time: by Redis' own
// clock, and so counted from now.
func (s *Store) life(expiresAt time.Time) time.Duration {
	return max(expiresAt.Sub(s.now()), 0).Truncate(time.Millisecond) + grace
}

// member names an operation in the listings. The digest has a fixed length, so
// that no connection ID can run into it.
func member(ref ports.OperationRef) string {
	return string(ref.Connection) + "#" + digest([]byte(ref.ID))
}

// digestLength is that of what digest returns.
const digestLength = 22

// digest stands for text of any length. Half of SHA-256 is enough: only what one
// connection sends must differ.
func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// tokenLength is that of what newToken returns.
const tokenLength = 16

// newToken names one attempt at something.
func newToken() string { return rand.Text()[:tokenLength] }
